/** The same transactions without the SDK's client. */
import { useLeanStores } from '../support/test-store.ts'

useLeanStores()
await import('./transact.test.ts')
await import('./transact-heartbeat.test.ts')
await import('./transact-items.test.ts')
await import('./transact-refused.test.ts')
await import('./transact-resend.test.ts')
await import('./transact-unknown.test.ts')
