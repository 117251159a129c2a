/** What holds with the SDK's client holds without it: the same tests, once more. */
import { useLeanStores } from '../support/test-store.ts'

useLeanStores()
await import('./dynamodb-contract.test.ts')
await import('./dynamodb.test.ts')
await import('./faults.test.ts')
