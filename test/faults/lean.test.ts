/** The same faults without the SDK's client. */
import { useLeanStores } from '../support/test-store.ts'

useLeanStores()
await import('./failing-handler.test.ts')
await import('./late.test.ts')
await import('./ownership.test.ts')
await import('./resend.test.ts')
await import('./store-down.test.ts')
await import('./unknown-fate.test.ts')
await import('./unstored.test.ts')
