/** Runs the tests of the SDK's client again without the SDK. */
import { useLeanStores } from '../support/test-store.ts'

useLeanStores()
await import('./dynamodb-contract.test.ts')
await import('./dynamodb.test.ts')
await import('./faults.test.ts')
