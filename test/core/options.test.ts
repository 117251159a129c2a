import { dynamoDbStore } from '../../lib/dynamodb/index.ts'
import { idempotency, idempotent } from '../../lib/http/index.ts'
import { OptionError, once } from '../../lib/index.ts'
import { memoryStore } from '../../lib/memory/index.ts'

const good = { store: memoryStore(), operation: 'payments' }
const goodHttp = { ...good, tenant: 'single-tenant' as const }
const handler = async (): Promise<number> => 1

const refusal = (build: () => unknown): string => {
  try {
    build()
  } catch (error) {
    if (error instanceof OptionError) return error.message
    throw error
  }
  throw new Error('nothing was refused')
}

describe('an option that cannot be right is refused, and the message names option, value and rule', () => {
  test.each<[Record<string, unknown>, RegExp]>([
    [{ retentionSecond: 3_600 }, /"retentionSecond" is not known; the options are .*retentionSeconds/],
    [{ operation: 'a b' }, /"operation" is "a b"; it must be 1 to 100 characters/],
    [{ operation: '' }, /"operation" is ""/],
    [{ operation: undefined }, /"operation" is undefined/],
    [{ store: undefined }, /"store" is undefined; it must be a store/],
    [{ store: {} }, /"store" is an object; it must be a store/],
    [{ retentionSeconds: 1_500 }, /"retentionSeconds" is 1500; it must be an integer from 1501 to/],
    [{ retentionSeconds: 86_400.5 }, /"retentionSeconds" is 86400.5/],
    [{ retentionSeconds: '86400' }, /"retentionSeconds" is "86400"/],
    [{ abandoned: 'retry' }, /"abandoned" is "retry"; it must be "rerun", "hold", or reconcile\(ask\)/],
    [
      { heartbeat: { leaseSeconds: 4 } },
      /"heartbeat" is an object; it must be { leaseSeconds }, and leaseSeconds must be an integer from 5 to 900/,
    ],
    [{ heartbeat: { seconds: 5 } }, /"heartbeat"/],
    [{ storeDown: 'run' }, /"storeDown" is "run"; it must be one of "reject", "dangerouslyRunUnprotected"/],
    [{ unstored: 'throw' }, /"unstored"/],
    [{ observe: 'log' }, /"observe" is "log"; it must be a function/],
    [{ runtime: {} }, /"runtime"/],
    [{ runtime: { now: () => 0, monotonic: 5 } }, /"runtime" .*monotonic, where it has one, is a function/],
    [{ store: { ...memoryStore(), skew: undefined } }, /"store" is an object; it must be a store/],
    [
      { abandoned: 'hold', storeDown: 'dangerouslyRunUnprotected' },
      /"storeDown" is "dangerouslyRunUnprotected"; it must be "reject" under abandoned: "hold"/,
    ],
    [{ __proto__: null, toString: 1 }, /"toString" is not known/],
  ])('%j', (wrong, message) => {
    expect(refusal(() => once({ ...good, ...wrong } as never))).toMatch(message)
    expect(refusal(() => idempotent(handler, { ...goodHttp, ...wrong } as never))).toMatch(message)
    expect(refusal(() => idempotency({ ...goodHttp, ...wrong } as never))).toMatch(message)
  })

  test.each<[Record<string, unknown>, RegExp]>([
    [
      { tenant: undefined },
      /"tenant" is undefined; it must be a function of the event, or the literal "single-tenant"/,
    ],
    [{ tenant: 'acme' }, /"tenant" is "acme"/],
    [{ key: 'Idempotency-Key' }, /"key"/],
    [{ key: { header: 'loose' } }, /"key"/],
    [{ key: { header: 'compat', name: 'X-Key' } }, /"key"/],
    [
      { key: { header: 'X-Key' } },
      /"key" is an object; it must be .*\{ header: name, profile: "compat" or "strict" \}/,
    ],
    [{ key: { header: 'X Key', profile: 'compat' } }, /"key"/],
    [{ key: { header: '', profile: 'compat' } }, /"key"/],
    [{ key: { header: 'X-Key', profile: 'loose' } }, /"key"/],
    [{ key: { header: 'X-Key', profile: 'strict', name: 'a' } }, /"key"/],
    [{ otherEvents: 'ignore' }, /"otherEvents" is "ignore"; it must be /],
    [{ inProgress: { waitSeconds: 3, pollSeconds: 1 } }, /"inProgress"/],
    [{ missingKey: 'run' }, /"missingKey"/],
    [
      { inProgress: { waitSeconds: 26 } },
      /"inProgress" is an object; it must be "reject", or \{ waitSeconds \} with an integer from 1 to 25/,
    ],
    [{ inProgress: 'wait' }, /"inProgress"/],
    [{ outcomes: 'storeSuccess' }, /"outcomes"/],
    [{ methods: [] }, /"methods"/],
    [{ methods: ['GET'] }, /"methods" is an array; it must be a list of one or more of POST, PATCH, PUT, DELETE/],
    [{ replayHeaders: { deny: ['a'], allow: ['b'] } }, /"replayHeaders"/],
    [{ replayHeaders: { deny: [1] } }, /"replayHeaders"/],
    [{ docsUrl: 'docs' }, /"docsUrl"/],
    [{ problem: {} }, /"problem"/],
  ])('HTTP: %j', (wrong, message) => {
    expect(refusal(() => idempotent(handler, { ...goodHttp, ...wrong } as never))).toMatch(message)
    expect(refusal(() => idempotency({ ...goodHttp, ...wrong } as never))).toMatch(message)
  })

  test('a required option that is missing is named', () => {
    expect(refusal(() => idempotent(handler, { ...good } as never))).toMatch(/"tenant" is missing; it must be/)
    expect(refusal(() => once(undefined as never))).toMatch(/"options" is undefined; it must be an object/)
    expect(refusal(() => idempotency(undefined as never))).toMatch(/must be an object/)
    expect(refusal(() => idempotent(undefined as never, goodHttp))).toMatch(/"handler" must be a function/)
  })

  test('C13: a handler that is known to stream is refused', () => {
    const streaming = Object.assign(async () => 1, { [Symbol.for('aws.lambda.runtime.handler.streaming')]: 'response' })
    expect(refusal(() => idempotent(streaming, goodHttp))).toMatch(/streamifyResponse/)
  })

  test('only the middleware takes timeoutEarlyInMillis', () => {
    expect(refusal(() => idempotency({ ...goodHttp, timeoutEarlyInMillis: -1 }))).toMatch(
      /"timeoutEarlyInMillis" is -1/,
    )
    expect(refusal(() => idempotent(handler, { ...goodHttp, timeoutEarlyInMillis: 5 } as never))).toMatch(/not known/)
  })

  test.each<[Record<string, unknown>, RegExp]>([
    [
      { tableName: undefined },
      /"tableName" is undefined; it must be the name of the table; is its environment variable set\?/,
    ],
    [{}, /"tableName" is missing/],
    [{ tableName: 'a' }, /"tableName" is "a"/],
    [{ tableName: 'my table' }, /"tableName" is "my table"/],
    [{ tableName: 'table', skewSeconds: 61 }, /"skewSeconds" is 61; it must be an integer from 0 to 60/],
    [{ tableName: 'table', client: {} }, /"client" is an object; it must be a DynamoDBClient/],
    [{ tableName: 'table', table: 'x' }, /"table" is not known/],
  ])('dynamoDbStore: %j', (wrong, message) => {
    expect(refusal(() => dynamoDbStore(wrong as never))).toMatch(message)
  })

  test('memoryStore takes a skew and a clock, and refuses wrong ones', () => {
    expect(refusal(() => memoryStore({ skewSeconds: -1 }))).toMatch(/"skewSeconds" is -1/)
    expect(refusal(() => memoryStore({ now: 1 } as never))).toMatch(/"now" is 1; it must be a function/)
  })
})
