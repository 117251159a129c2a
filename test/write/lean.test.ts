/** The same writes and faults without the SDK's client. */
import { useLeanStores } from '../support/test-store.ts'

useLeanStores()
await import('./late.test.ts')
await import('./one-shot.test.ts')
await import('./records.test.ts')
await import('./resend.test.ts')
