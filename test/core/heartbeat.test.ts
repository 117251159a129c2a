import { once } from '../../lib/index.ts'
import { memoryStore } from '../../lib/memory/index.ts'
import { fakeClock, fakeRuntime } from '../support/fake-runtime.ts'
import { gate } from '../support/http-harness.ts'

const clock = fakeClock()
let NOW: number

beforeEach(() => {
  clock.reset()
  NOW = clock.now()
})

const request = { key: 'k', tenant: 'm', payload: 1, context: { getRemainingTimeInMillis: () => 900_000 } }

const running = async (
  heartbeat?: { leaseSeconds: number },
  remaining = 900_000,
  unstored: 'answer' | 'fail' = 'answer',
) => {
  const runtime = fakeRuntime({ clock })
  const store = memoryStore({ now: runtime.now })
  const { opened, open } = gate()
  const claimed = gate()
  let claim: { recordKey: never; signal: AbortSignal } | undefined
  const pay = once({
    store,
    operation: 'payments',
    runtime,
    unstored,
    ...(heartbeat === undefined ? {} : { heartbeat }),
  })
  const result = pay({ ...request, context: { getRemainingTimeInMillis: () => remaining } }, async (held) => {
    claim = held as never
    claimed.open()
    await opened
    return 'done'
  })
  await claimed.opened
  if (claim === undefined) throw new Error('the handler got no claim')
  const { recordKey, signal } = claim
  return { runtime, store, result, open, signal, record: () => store.read(recordKey) }
}

describe('the heartbeat', () => {
  test('it renews the lease and its TTL while the handler runs', async () => {
    const { runtime, result, open, record, signal } = await running({ leaseSeconds: 30 })
    expect(record()).toMatchObject({ leaseExpiresAt: NOW + 30_000, revision: 1 })
    clock.advance(10_000)
    await runtime.beat()
    expect(record()).toMatchObject({ leaseExpiresAt: NOW + 40_000, expiresAt: NOW + 40_000 + 86_400_000, revision: 2 })
    open()
    expect(await result).toEqual({ value: 'done', status: 'created' })
    expect(signal.aborted).toBe(false)
  })

  test('it ends with the claim', async () => {
    const { runtime, result, open, record } = await running({ leaseSeconds: 30 })
    open()
    await result
    const settled = record()
    clock.advance(10_000)
    await runtime.beat()
    expect(record()).toBe(settled)
  })

  test('it aborts the handler’s signal when another invocation has taken over', async () => {
    const { runtime, result, open, store, signal } = await running({ leaseSeconds: 30 })
    clock.advance(33_000)
    const other = once({ store, operation: 'payments', runtime: fakeRuntime({ clock, name: 'other' }) })
    expect(await other(request, () => 'other')).toMatchObject({ status: 'created' })
    await runtime.beat()
    expect(signal.aborted).toBe(true)
    open()
    expect(await result).toEqual({ value: 'other', status: 'replayed' })
  })

  test('it aborts the handler’s signal when the lease ends because no renewal arrived', async () => {
    const { runtime, result, open, store, signal } = await running({ leaseSeconds: 30 })
    const { renew } = store
    store.renew = async () => {
      throw new Error('unreachable')
    }
    clock.advance(29_000)
    await runtime.beat()
    expect(signal.aborted).toBe(false)
    clock.advance(1_000)
    await runtime.beat()
    expect(signal.aborted).toBe(true)
    store.renew = renew
    open()
    expect((await result).status).toBe('created') // no invocation has taken over: the completion's own condition decides
  })

  test('it aborts the handler’s signal when the lease ends while a renewal hangs', async () => {
    const { runtime, result, open, store, signal } = await running({ leaseSeconds: 30 })
    const hanging = gate()
    store.renew = async () => {
      await hanging.opened
      return { kind: 'renewed' }
    }
    clock.advance(29_000)
    const beats = [runtime.beat()]
    await new Promise(setImmediate)
    expect(signal.aborted).toBe(false)
    clock.advance(1_000)
    beats.push(runtime.beat())
    await new Promise(setImmediate)
    expect(signal.aborted).toBe(true)
    hanging.open()
    open()
    await Promise.all([result, ...beats])
  })

  test('it is off if the lease covers the invocation', async () => {
    const { runtime, result, open, record } = await running()
    clock.advance(10_000)
    await runtime.beat()
    expect(record()).toMatchObject({ leaseExpiresAt: NOW + 901_000, revision: 1 })
    open()
    await result
  })

  test('B2: the retry time of an answer that could not be stored is the end of the renewed lease', async () => {
    const { runtime, result, open, store } = await running({ leaseSeconds: 30 }, 900_000, 'fail')
    clock.advance(10_000)
    await runtime.beat()
    store.settle = async () => {
      throw new Error('unreachable')
    }
    open()
    const error = (await result.catch((thrown: unknown) => thrown)) as { retryAfterSeconds: number }
    expect(NOW + 10_000 + error.retryAfterSeconds * 1000).toBeGreaterThan(NOW + 40_000)
  })
})
