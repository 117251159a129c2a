import { IdempotencyConfig } from '@aws-lambda-powertools/idempotency'
import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb'
import fc from 'fast-check'
import { powertoolsHash, powertoolsKey } from '../../lib/migrate/index.ts'
import { testClient } from '../support/dynamodb.ts'
import { itemsOf, oldFunction, oldTable } from './old-function.ts'

/** What Powertools itself makes of a value. */
const theirs = (hashFunction: string) => {
  const layer = new DynamoDBPersistenceLayer({ tableName: 'any', awsSdkV3Client: testClient() })
  layer.configure({ config: new IdempotencyConfig({ hashFunction }), keyPrefix: 'prefix' })
  return (value: unknown): string =>
    (layer as unknown as { getHashedIdempotencyKey(data: unknown): string }).getHashedIdempotencyKey(value)
}

test.each(['md5', 'sha256'])('powertoolsKey makes the id that Powertools makes, for any JSON value: %s', (name) => {
  const idOf = theirs(name)
  const { warn } = console
  console.warn = () => {} // of values that count as missing
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(powertoolsKey('prefix', value, name)).toBe(idOf(value))
    }),
    { numRuns: 500 },
  )
  console.warn = warn
})

test.each([
  [{ b: 1, a: 2 }],
  [{ a: 1, A: 2, B: 3, b: 4 }],
  [{ 10: 'x', 9: 'y', z: [{ d: 1, C: 2 }] }],
  [['a', { y: null, x: true }]],
  ['order-1'],
  [17],
  [JSON.parse('{ "__proto__": { "a": 1 }, "b": [{ "__proto__": 2 }] }')],
])('members in any order, in both cases, on all levels: %j', (value) => {
  expect(powertoolsKey('prefix', value)).toBe(theirs('md5')(value))
})

test('what JSON cannot hold has no digest', () => {
  expect(() => powertoolsHash(undefined)).toThrow('must be a JSON value')
})

test('without keyPrefix the prefix is the name of the function', async () => {
  const { AWS_LAMBDA_FUNCTION_NAME: before } = process.env
  process.env.AWS_LAMBDA_FUNCTION_NAME = 'payments-prod'
  const tableName = await oldTable()
  const charge = async ({ id }: { id: string }): Promise<string> => id
  await oldFunction(tableName, charge, { eventKeyJmesPath: 'id', keyPrefix: '' })({ id: 'o-1' })
  if (before === undefined) delete process.env.AWS_LAMBDA_FUNCTION_NAME
  else process.env.AWS_LAMBDA_FUNCTION_NAME = before
  const [item] = await itemsOf(tableName)
  expect(item?.id?.S).toBe(powertoolsKey('payments-prod', 'o-1'))
})
