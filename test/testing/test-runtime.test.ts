import { epochMillis, millis } from '../../lib/core/time.ts'
import { once } from '../../lib/index.ts'
import { memoryStore } from '../../lib/memory/index.ts'
import { testRuntime } from '../../lib/testing/index.ts'

const START = epochMillis(1_800_000_000_000)
const never = (): Promise<never> => new Promise(() => {})
const context = { getRemainingTimeInMillis: () => 30_000 }
const request = { key: 'order-1', tenant: 'acme', payload: 1, context }

const scene = (options: Partial<Parameters<typeof once>[0]> = {}) => {
  const runtime = testRuntime({ now: START })
  const store = memoryStore({ now: runtime.now })
  const pay = once({ store, operation: 'payments', runtime, ...options })
  return { runtime, store, pay, clock: runtime.clock }
}

test('The clock moves only when a test moves it, and never goes back.', async () => {
  const { clock } = testRuntime({ now: START })
  expect(clock.now()).toBe(START)
  await clock.advance(1.5)
  expect(clock.now()).toBe(START + 1_500)
  await expect(clock.advance(-1)).rejects.toThrow(RangeError)
  await expect(clock.advance(Number.NaN)).rejects.toThrow(RangeError)
  await expect(clock.advance(Number.POSITIVE_INFINITY)).rejects.toThrow(RangeError)
  await expect(clock.advance('5' as never)).rejects.toThrow(RangeError)
})

test('It starts at the current time, rounded to a second, unless an option says otherwise.', () => {
  const now = testRuntime().now()
  expect(now % 1_000).toBe(0)
  expect(Math.abs(now - Date.now())).toBeLessThan(10_000)
  expect(() => testRuntime({ now: 'noon' as never })).toThrow('option "now" is "noon"')
  expect(() => testRuntime({ clock: 1 } as never)).toThrow('option "clock" is not known')
})

test('A retry after a crash is refused until the clock has passed the lease, and then runs again.', async () => {
  const { pay, clock } = scene()
  void pay(request, never)
  await clock.advance(33) // 30 remaining, 1 until the host has ended, 2 for skewed clocks
  await expect(pay(request, () => 'again')).rejects.toMatchObject({ code: 'in-progress' })
  await clock.advance(0.001)
  expect(await pay(request, () => 'again')).toEqual({ status: 'created', value: 'again' })
})

test('An outcome is replayed for its retention by the clock.', async () => {
  const { pay, clock } = scene({ retentionSeconds: 3_600 })
  await pay(request, () => 1)
  await clock.advance(3_599)
  expect(await pay(request, () => 2)).toEqual({ status: 'replayed', value: 1 })
  await clock.advance(1)
  expect(await pay(request, () => 3)).toEqual({ status: 'created', value: 3 })
})

test('Heartbeats beat when the clock passes their times, until the invocation has ended.', async () => {
  const { pay, clock, store } = scene({ heartbeat: { leaseSeconds: 9 } })
  let recordKey: Parameters<typeof store.read>[0] | undefined
  void pay(request, (claim) => {
    recordKey = claim?.recordKey
    return never()
  })
  await clock.advance(10)
  const stored = () => (recordKey === undefined ? undefined : store.read(recordKey))
  expect(stored()).toMatchObject({ revision: 4, leaseExpiresAt: START + 18_000 })
  await clock.advance(60)
  expect(stored()).toMatchObject({ revision: 9, leaseExpiresAt: START + 31_000 })
  expect(await pay(request, (claim) => claim?.attempt)).toEqual({ status: 'created', value: 2 })
})

test('A pause takes no time and moves the clock, and two simultaneous pauses move it once.', async () => {
  const { clock, sleep } = testRuntime({ now: START })
  await Promise.all([sleep(millis(500)), sleep(millis(300))])
  expect(clock.now()).toBe(START + 500)
  await sleep(millis(500), AbortSignal.abort())
  expect(clock.now()).toBe(START + 500)
})

test('Repeated functions run in the order of their times, until they are stopped.', async () => {
  const { clock, repeat } = testRuntime({ now: START })
  const ran: string[] = []
  const note = (name: string) => () => void ran.push(`${name} ${clock.now() - START}`)
  const end = repeat(millis(2_000), note('a'))
  repeat(millis(3_000), note('b'))
  await clock.advance(6.5)
  end()
  await clock.advance(3)
  expect(ran).toEqual(['a 2000', 'b 3000', 'a 4000', 'a 6000', 'b 6000', 'b 9000'])
})

test('Tokens differ, also across two runtimes.', () => {
  const tokens = [testRuntime(), testRuntime()].flatMap(({ randomToken }) => [randomToken(), randomToken()])
  expect(new Set(tokens).size).toBe(4)
})
