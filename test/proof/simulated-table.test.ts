import { UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import type { Claim } from '../../lib/core/record/claim.ts'
import { itemStore } from '../../lib/dynamodb/item-store.ts'
import { NoAnswerError } from '../../lib/dynamodb/lean/http-request.ts'
import { leanItemClient } from '../../lib/dynamodb/lean/lean-client.ts'
import type { Expressions } from '../../proof/simulation/table/expression.ts'
import { createItemTable, type ItemTable, operationIn } from '../../proof/simulation/table/item-table.ts'
import { aClaim, EXPIRY, unhurried } from '../support/claims.ts'
import { freshTable, testClient } from '../support/dynamodb.ts'
import { storeContract } from '../support/store-contract.ts'

/** The simulated table keeps the store contract, as DynamoDB Local does. No network is in between. */
const leanStore = (table: ItemTable) =>
  itemStore({
    tableName: 'simulated',
    skewSeconds: 2,
    client: leanItemClient({
      endpoint: { region: 'us-east-1', host: 'dynamodb.simulated', target: { protocol: 'http:' } },
      credentials: () => ({ accessKeyId: 'simulated', secretAccessKey: 'simulated' }),
      transport: async ({ headers }, body = '', _, signal) => {
        if (signal?.aborted) throw new NoAnswerError('AbortError')
        return { headers: {}, ...table.serve(operationIn(headers as readonly string[]), JSON.parse(body)) }
      },
    }),
  })

/** A table with a record in it. */
const withClaim = async (): Promise<{ readonly table: ItemTable; readonly claim: Claim }> => {
  const table = createItemTable()
  const claim = aClaim()
  await leanStore(table).claim(claim, unhurried)
  return { table, claim }
}

storeContract(
  'simulated DynamoDB',
  async () => {
    const table = createItemTable()
    return {
      store: leanStore(table),
      read: async (recordKey) => table.read(recordKey),
      sweep: async () => table.sweep(EXPIRY / 1_000),
    }
  },
  'without commits',
)

const A = { S: 'a' }
const NOTHING_THERE = 'attribute_not_exists(pk)'

interface Mistaken extends Expressions {
  readonly ExpressionAttributeValues?: Readonly<Record<string, typeof A>>
}

const MISTAKES: readonly (readonly [mistake: string, expressions: Mistaken, says: string])[] = [
  [
    'a value that is not used',
    { ConditionExpression: NOTHING_THERE, ExpressionAttributeValues: { ':x': A } },
    'Value provided in ExpressionAttributeValues unused in expressions: keys: {:x}',
  ],
  [
    'two unused values',
    { ConditionExpression: NOTHING_THERE, ExpressionAttributeValues: { ':x': A, ':y': A } },
    'Value provided in ExpressionAttributeValues unused in expressions: keys: {:x, :y}',
  ],
  [
    'a value whose placeholder is only a prefix match of a used one',
    { ConditionExpression: 'revision = :seenRevision', ExpressionAttributeValues: { ':seen': A, ':seenRevision': A } },
    'Value provided in ExpressionAttributeValues unused in expressions: keys: {:seen}',
  ],
  [
    'a name that is not used',
    { ConditionExpression: NOTHING_THERE, ExpressionAttributeNames: { '#x': 'x' } },
    'Value provided in ExpressionAttributeNames unused in expressions: keys: {#x}',
  ],
  [
    'a name and a value that are not used',
    {
      UpdateExpression: 'SET lastError = :e',
      ConditionExpression: NOTHING_THERE,
      ExpressionAttributeNames: { '#x': 'x' },
      ExpressionAttributeValues: { ':e': A, ':x': A },
    },
    'Value provided in ExpressionAttributeNames unused in expressions: keys: {#x}',
  ],
  [
    'an empty set of values',
    { ConditionExpression: NOTHING_THERE, ExpressionAttributeValues: {} },
    'ExpressionAttributeValues must not be empty',
  ],
  [
    'an empty set of names',
    { ConditionExpression: NOTHING_THERE, ExpressionAttributeNames: {} },
    'ExpressionAttributeNames must not be empty',
  ],
]

describe('Both DynamoDB Local and the simulated table refuse', () => {
  let tableName: string
  beforeAll(async () => {
    tableName = await freshTable()
  })

  test.each(MISTAKES)('%s.', async (_, expressions, says) => {
    const input = { TableName: tableName, Key: { pk: A }, ...expressions }
    const real = testClient().send(new UpdateItemCommand(input))
    await expect(real).rejects.toMatchObject({ name: 'ValidationException', message: says })
    const { status, body } = createItemTable().serve('UpdateItem', input)
    const __type = expect.stringMatching(/#ValidationException$/)
    expect([status, JSON.parse(body)]).toEqual([400, { __type, message: says }])
  })
})

test('An update removes each attribute that it names.', async () => {
  const { table, claim } = await withClaim()
  const request = {
    Key: { pk: { S: claim.recordKey } },
    UpdateExpression: 'SET createdAt = :at REMOVE leaseExpiresAt, expiresAt',
    ExpressionAttributeValues: { ':at': { N: '1' } },
  }
  expect(table.serve('UpdateItem', request)).toEqual({ status: 200, body: '{}' })
  expect(table.read(claim.recordKey)).toMatchObject({ leaseExpiresAt: undefined, expiresAt: undefined })
})

test('A name or value that only the update uses is accepted.', async () => {
  const { table, claim } = await withClaim()
  const request = {
    Key: { pk: { S: claim.recordKey } },
    UpdateExpression: 'SET #at = :at REMOVE #lease',
    ConditionExpression: 'attribute_exists(pk)',
    ExpressionAttributeNames: { '#at': 'createdAt', '#lease': 'leaseExpiresAt' },
    ExpressionAttributeValues: { ':at': { N: '1' } },
  }
  expect(table.serve('UpdateItem', request)).toEqual({ status: 200, body: '{}' })
  expect(table.read(claim.recordKey)).toMatchObject({ createdAt: 1, leaseExpiresAt: undefined })
})

test.each([
  ['returns the stored item if the request asks for it', { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' }, true],
  ['returns no item if the request asks for none', { ReturnValuesOnConditionCheckFailure: 'NONE' }, false],
  ['returns no item by default', {}, false],
] as const)('A refusal of the simulated table %s.', async (_, asked, comesBack) => {
  const { table, claim } = await withClaim()
  const request = { Item: { pk: { S: claim.recordKey } }, ConditionExpression: NOTHING_THERE, ...asked }
  const { status, body } = table.serve('PutItem', request)
  expect(status).toBe(400)
  expect(JSON.parse(body).Item?.claimToken?.S).toBe(comesBack ? claim.claimToken : undefined)
})

test.each([
  ['an expression that it does not know', 'size(outcome) > :most', 'size(outcome) > :most'],
  ['a value that is not given', 'claimToken = :mine', ':mine'],
  ['a name that is not given', 'attribute_exists(#status)', '#status'],
])('The simulated table refuses to guess at %s.', (_, ConditionExpression, what) => {
  const request = { Key: { pk: A }, ConditionExpression }
  expect(() => createItemTable().serve('UpdateItem', request)).toThrow(`does not understand "${what}"`)
})
