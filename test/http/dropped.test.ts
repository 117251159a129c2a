import middy7 from '@middy/core'
import middy6 from '@middy/core-6'
import { epochMillis, millis } from '../../lib/core/time.ts'
import { claimOf, idempotency, type MiddlewareOptions } from '../../lib/http/index.ts'
import { memoryStore } from '../../lib/memory/index.ts'
import { testRuntime } from '../../lib/testing/index.ts'
import { payment, type TestEvent } from '../support/http-events.ts'
import { gate } from '../support/http-harness.ts'

type Context = { getRemainingTimeInMillis?: () => number }
type Handle = (event: TestEvent, context: Context) => Promise<unknown>

/** A host that enforces no deadline: only the layer itself ends a heartbeat. */
const scene = (over: Partial<MiddlewareOptions<TestEvent>> = {}) => {
  const runtime = { ...testRuntime(), enforcesDeadline: () => false }
  const store = memoryStore({ now: runtime.now })
  let renewals = 0
  const { renew } = store
  store.renew = (claim, renewal, signal) => {
    renewals++
    return renew(claim, renewal, signal)
  }
  const options: MiddlewareOptions<TestEvent> = {
    store,
    operation: 'payments',
    tenant: 'single-tenant',
    heartbeat: { leaseSeconds: 6 },
    runtime,
    ...over,
  }
  return { options, clock: runtime.clock, renewals: () => renewals }
}

const done = { statusCode: 201, body: 'done' }
const denied = { statusCode: 403, body: 'denied' }

describe.each([
  ['6', middy6 as unknown as typeof middy7],
  ['7', middy7],
])('Middy %s, hook form', (_, middy) => {
  const chain = (options: MiddlewareOptions<TestEvent>, handler: unknown, later: object = {}, plugin: object = {}) => {
    const chained = middy(plugin as never)
    chained.use(idempotency(options) as never)
    chained.use({ onError: () => {}, ...later } as never)
    return chained.handler(handler as never) as unknown as Handle
  }

  test.each([
    ['returns', () => denied],
    ['sets', (request: object) => void Object.assign(request, { earlyResponse: denied })],
    ['sets undefined as', (request: object) => void Object.assign(request, { earlyResponse: undefined })],
  ])('C16: a claim is not renewed once a later middleware %s its early answer', async (_how, before) => {
    const { options, clock, renewals } = scene()
    const answer = await chain(options, async () => done, { before })(payment('k'), {})
    expect(answer === undefined || answer === denied).toBe(true)
    await clock.advance(8.001) // its lease, and the skew
    expect(renewals()).toBe(0)
    expect(await chain(options, async () => done)(payment('k'), {})).toMatchObject({ body: 'done' })
  })

  test('C16: a claim is renewed while its handler runs', async () => {
    const { options, clock, renewals } = scene()
    const { opened, open } = gate()
    const answer = chain(options, async () => {
      await opened
      return done
    })(payment('k'), {})
    await clock.advance(60)
    expect(renewals()).toBe(30)
    open()
    expect(await answer).toMatchObject({ headers: { 'Idempotency-Status': 'created' } })
    await clock.advance(60)
    expect(renewals()).toBe(30)
  })

  test('C7: the signal of a handler that runs on after an early answer aborts when its lease ends', async () => {
    const { options, clock, renewals } = scene({ timeoutEarlyInMillis: 60 })
    let signal: AbortSignal | undefined
    const running = async (_event: TestEvent, context: object): Promise<never> => {
      signal = claimOf(context)?.signal
      return new Promise(() => {})
    }
    const deadline = Date.now() + 100 // Middy's own timer goes by the system's clock
    const context = { getRemainingTimeInMillis: () => deadline - Date.now() }
    const plugin = { timeoutEarlyInMillis: 60, timeoutEarlyResponse: () => ({ statusCode: 504, body: 'late' }) }
    const answer = await chain(options, running, {}, plugin)(payment('k'), context)
    expect(answer).toMatchObject({ statusCode: 504, headers: { 'Idempotency-Status': 'unstored' } })
    await clock.advance(5.999)
    expect(signal?.aborted).toBe(false)
    await clock.advance(0.001)
    expect(signal?.aborted).toBe(true)
    expect(renewals()).toBe(0)
  })

  test('C7: an early answer leaves the claim in force, even if the host’s clock has stepped back', async () => {
    let back = 0
    const runtime = {
      ...testRuntime(),
      now: () => epochMillis(Date.now() - back),
      monotonic: () => millis(performance.now()),
    }
    const { options } = scene({ timeoutEarlyInMillis: 60, runtime })
    const deadline = Date.now() + 100
    const context = { getRemainingTimeInMillis: () => deadline - Date.now() + back }
    const plugin = { timeoutEarlyInMillis: 60, timeoutEarlyResponse: () => ({ statusCode: 504, body: 'late' }) }
    const running = async () => {
      await Promise.resolve() // Middy sets its timer
      back = 60_000
      return new Promise(() => {})
    }
    const handle = chain(options, running, {}, plugin)
    expect(await handle(payment('k'), context)).toMatchObject({ headers: { 'Idempotency-Status': 'unstored' } })
  })
})
