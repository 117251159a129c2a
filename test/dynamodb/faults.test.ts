import * as sdk from '@aws-sdk/client-dynamodb'
import { StoreMisconfiguredError, StoreUnavailableError } from '../../lib/core/errors.ts'
import type { Store } from '../../lib/core/record/store.ts'
import { dynamoDbStore } from '../../lib/dynamodb/index.ts'
import { aClaim, completed, NOW, renewal, unhurried } from '../support/claims.ts'
import { freshTable } from '../support/dynamodb.ts'
import { type FaultProxy, faultProxy } from '../support/fault-proxy.ts'
import { testStore } from '../support/test-store.ts'

const CALLS: readonly (readonly [string, (store: Store) => Promise<unknown>])[] = [
  ['claim', (to) => to.claim(aClaim(), unhurried)],
  ['renew', (to) => to.renew(aClaim(), renewal(NOW + 90_000), unhurried)],
  ['settle', (to) => to.settle(aClaim(), completed(), unhurried)],
  ['peek', (to) => to.peek(aClaim().recordKey, unhurried)],
]

/**
 * The transient errors that DynamoDB answers with a 400. Source: "OK to retry? Yes" in the DynamoDB Developer Guide, "Error
 * handling with DynamoDB" (guide), or the lists and the model's `retryable` trait of the AWS SDK for JavaScript (SDK).
 */
const TRANSIENT: readonly (readonly [string, 'guide' | 'SDK'])[] = [
  ['ProvisionedThroughputExceededException', 'guide'],
  ['ThrottlingException', 'guide'],
  ['RequestLimitExceeded', 'guide'],
  ['LimitExceededException', 'guide'],
  ['ItemCollectionSizeLimitExceededException', 'guide'],
  ['ReplicatedWriteConflictException', 'SDK'],
  ['TransactionInProgressException', 'SDK'],
  ['RequestTimeout', 'SDK'],
  ['RequestTimeoutException', 'SDK'],
]

/** "OK to retry? No", and the only "Yes" that a person has to fix: credentials that are not accepted. */
const LASTING = [
  'AccessDeniedException',
  'IncompleteSignatureException',
  'InvalidSignatureException',
  'MissingAuthenticationTokenException',
  'ResourceInUseException',
  'ResourceNotFoundException',
  'UnrecognizedClientException',
  'ValidationException',
]

let proxy: FaultProxy
let store: Store
beforeAll(async () => {
  proxy = await faultProxy()
  store = testStore({ tableName: await freshTable(), endpoint: proxy.endpoint })
})
beforeEach(() => proxy.script())
afterAll(() => proxy.close())

const answers = (name: string): void =>
  proxy.script({ fault: { apply: 'never', answer: { status: 400, name, message: 'as DynamoDB has it' } } })

describe.each(TRANSIENT)('%s (%s) is transient: the store is unavailable', (name) => {
  test.each(CALLS)('in %s', async (_, call) => {
    answers(name)
    await expect(call(store)).rejects.toBeInstanceOf(StoreUnavailableError)
  })

  test('also without a status, from your own client', async () => {
    const refuse = () => Promise.reject(Object.assign(new Error(), { name }))
    const plain = dynamoDbStore({
      tableName: 'table',
      client: { putItem: refuse, updateItem: refuse, getItem: refuse },
    })
    for (const [, call] of CALLS) await expect(call(plain)).rejects.toBeInstanceOf(StoreUnavailableError)
  })
})

test.each(LASTING)('%s is a misconfiguration, in every call.', async (name) => {
  answers(name)
  for (const [, call] of CALLS) await expect(call(store)).rejects.toBeInstanceOf(StoreMisconfiguredError)
})

test('A peek that meets a transaction finds the store unavailable.', async () => {
  answers('TransactionConflictException')
  await expect(store.peek(aClaim().recordKey, unhurried)).rejects.toBeInstanceOf(StoreUnavailableError)
})

test.each(['ReplicatedWriteConflictException', 'ThrottlingException'])(
  'After %s the client sends again before it reports an error.',
  async (name) => {
    proxy.script({ nth: 1, fault: { apply: 'never', answer: { status: 400, name } } })
    await expect(store.claim(aClaim(), unhurried)).resolves.toEqual({ kind: 'claimed' })
    expect(proxy.seen).toHaveLength(2)
  },
)

test('Every error that the SDK’s model of DynamoDB calls retryable is transient.', async () => {
  const retryable: string[] = []
  for (const [name, made] of Object.entries(sdk)) {
    if (typeof made !== 'function' || !(made.prototype instanceof Error)) continue
    const Fault = made as unknown as new (of: object) => Error
    const fault = new Fault({ message: 'no', $metadata: { httpStatusCode: 400 } })
    if (!('$retryable' in fault) || fault.$retryable === undefined) continue
    retryable.push(name)
    const fail = () => Promise.reject(fault)
    const refusing = dynamoDbStore({ tableName: 'table', client: { putItem: fail, updateItem: fail, getItem: fail } })
    for (const [, call] of CALLS) await expect(call(refusing)).rejects.toBeInstanceOf(StoreUnavailableError)
  }
  expect(retryable).toContain('ReplicatedWriteConflictException')
  expect(TRANSIENT.map(([name]) => name)).toEqual(expect.arrayContaining(retryable))
})
