/** What holds with the SDK's client holds without it: every fault, once more. */
import { useLeanStores } from '../support/test-store.ts'

useLeanStores()
await import('./failing-handler.test.ts')
await import('./late.test.ts')
await import('./ownership.test.ts')
await import('./resend.test.ts')
await import('./store-down.test.ts')
await import('./unknown-fate.test.ts')
await import('./unstored.test.ts')
