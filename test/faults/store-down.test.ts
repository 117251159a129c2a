import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { dynamoDbStore } from '../../lib/dynamodb/index.ts'
import { type IdempotencyEvent, type OnceOptions, once } from '../../lib/index.ts'
import { CREDENTIALS, freshTable, LAMBDA_ENVIRONMENT, REGION } from '../support/dynamodb.ts'
import {
  denied,
  type Fault,
  type FaultProxy,
  failBefore,
  faultProxy,
  resetBefore,
  throttled,
  throughputExceeded,
  timeoutAfter,
  timeoutBefore,
} from '../support/fault-proxy.ts'
import { aRequest, ending } from '../support/scene.ts'
import { startStopwatch } from '../support/stopwatch.ts'
import { ownStore } from '../support/test-store.ts'

let proxy: FaultProxy
let tableName: string

/** The layer's own client, which reads its address and credentials from the environment, in real time. */
beforeAll(async () => {
  tableName = await freshTable()
  proxy = await faultProxy()
  Object.assign(process.env, LAMBDA_ENVIRONMENT, { AWS_ENDPOINT_URL: proxy.endpoint })
  await ending(make().run(aRequest(), () => 'warm')) // the SDK loads parts of itself at the first call, which takes time
})
beforeEach(() => proxy.script())
afterAll(() => proxy.close())

const make = (options: Partial<OnceOptions> = {}, table: string = tableName) => {
  const events: IdempotencyEvent[] = []
  const run = once({
    store: ownStore(table),
    operation: 'payments',
    observe: (event) => void events.push(event),
    ...options,
  })
  return { run, eventTypes: () => events.map(({ type }) => type) }
}

const DOWN: readonly (readonly [string, Fault])[] = [
  ['the connection breaks', resetBefore],
  ['500', failBefore],
  ['throttled', throttled],
  ['throughput exceeded', throughputExceeded],
  ['no answer', timeoutBefore],
  ['no answer, although applied', timeoutAfter],
]

test('E11 The layer’s own client needs only the environment.', async () => {
  const request = aRequest()
  const { run } = make()
  expect(await run(request, () => 'done')).toEqual({ value: 'done', status: 'created' })
  expect(await run(request, () => 'again')).toEqual({ value: 'done', status: 'replayed' })
  expect(proxy.seen.map(({ step }) => step)).toEqual(['claim', 'complete', 'claim'])
})

test('E11 A claim without an answer is sent again while its caller waits, and runs once.', async () => {
  proxy.script({ step: 'claim', nth: 1, fault: timeoutAfter })
  let runs = 0
  const watch = startStopwatch()
  expect(await make().run(aRequest(), () => ++runs)).toEqual({ value: 1, status: 'created' })
  expect(watch.stop()).toBeLessThan(2_500)
  expect(proxy.seen.map(({ step }) => step)).toEqual(['claim', 'claim', 'complete'])
})

describe('E11 A store that is down', () => {
  test.each(DOWN)('E11 gives the caller an answer within 2.5 s, and nothing runs (%s)', async (_, fault) => {
    proxy.script({ fault })
    const { run, eventTypes } = make()
    let runs = 0
    const watch = startStopwatch()
    const outcome = await ending(run(aRequest(), () => ++runs))
    expect(watch.stop()).toBeLessThan(2_500)
    expect(outcome).toMatchObject({ error: { code: 'idempotency-unavailable', retryable: true, retryAfterSeconds: 1 } })
    expect(runs).toBe(0)
    expect(new Set(eventTypes())).toEqual(new Set(['storeFailed']))
  })

  test('E11 gives the caller an answer within 2.5 s if no process listens on its port', async () => {
    await proxy.refuse()
    const watch = startStopwatch()
    const outcome = await ending(make().run(aRequest(), () => 'done'))
    await proxy.accept()
    expect(watch.stop()).toBeLessThan(2_500)
    expect(outcome).toMatchObject({ error: { code: 'idempotency-unavailable' } })
  })

  test('E11 gives the caller an answer within 2.5 s, also with a user’s client that waits without bound', async () => {
    proxy.script({ fault: timeoutBefore })
    const client = new DynamoDBClient({ endpoint: proxy.endpoint, region: REGION, credentials: CREDENTIALS })
    const watch = startStopwatch()
    const { run } = make({ store: dynamoDbStore({ tableName, client }) })
    expect(await ending(run(aRequest(), () => 'done'))).toMatchObject({ error: { code: 'idempotency-unavailable' } })
    expect(watch.stop()).toBeLessThan(2_500)
    client.destroy()
  })

  test.each(DOWN.slice(0, 2))(
    'E11 lets the handler run under dangerouslyRunUnprotected, and reports it (%s)',
    async (_, fault) => {
      proxy.script({ fault })
      const { run, eventTypes } = make({ storeDown: 'dangerouslyRunUnprotected' })
      let claim: unknown = 'none'
      const result = await run(aRequest(), (given) => {
        claim = given
        return { at: new Date(0) }
      })
      expect(result).toEqual({ value: { at: '1970-01-01T00:00:00.000Z' }, status: 'unprotected' }) // as in a replay
      expect(claim).toBeUndefined()
      expect(eventTypes()).toEqual(['storeFailed', 'storeFailed', 'skipped'])
    },
  )
})

describe('E11 A store that is not set up', () => {
  test.each<[string, string | undefined, Fault | undefined]>([
    ['no such table', 'no-such-table', undefined],
    ['denied', undefined, denied],
  ])('E11 lets nothing run, whatever storeDown says (%s)', async (_, table, fault) => {
    if (fault !== undefined) proxy.script({ fault })
    for (const storeDown of ['reject', 'dangerouslyRunUnprotected'] as const) {
      let runs = 0
      const outcome = await ending(make({ storeDown }, table).run(aRequest(), () => ++runs))
      expect(outcome).toMatchObject({ error: { code: 'store-misconfigured', retryable: false } })
      expect(runs).toBe(0)
    }
  })
})
