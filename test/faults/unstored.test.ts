import {
  denied,
  type Fault,
  failBefore,
  resetAfter,
  resetBefore,
  throttled,
  throughputExceeded,
  timeoutBefore,
} from '../support/fault-proxy.ts'
import { aRequest, ending, LEASE, openScene, recordKeyOf, remaining, type Scene, SKEW } from '../support/scene.ts'

let scene: Scene
beforeAll(async () => {
  scene = await openScene()
})
beforeEach(() => scene.reset())
afterAll(() => scene.close())

const FAULTS: readonly (readonly [string, Fault])[] = [
  ['throughput exceeded', throughputExceeded],
  ['throttled', throttled],
  ['the connection breaks', resetBefore],
  ['500', failBefore],
  ['no answer', timeoutBefore],
  ['denied', denied],
]

describe('C3 A completion that cannot be written', () => {
  test.each(FAULTS)(
    'C3 gives the caller the answer, marked as unstored, and the claim is in force until its lease ends (%s)',
    async (_, fault) => {
      const request = aRequest()
      const a = scene.host('a')
      let claimed: unknown
      scene.proxy.script({ step: 'complete', fault })
      const result = await a.once(request, async () => {
        claimed = await scene.read(recordKeyOf(request))
        return 'of a'
      })
      expect(result).toEqual({ value: 'of a', status: 'unstored' })
      expect(await scene.read(recordKeyOf(request))).toEqual(claimed)
      expect(claimed).toMatchObject({ status: 'IN_PROGRESS', revision: 1, leaseExpiresAt: expect.any(Number) })
      expect(new Set(scene.proxy.seen.map(({ step }) => step))).toEqual(new Set(['claim', 'complete']))
      expect(a.eventTypes()).toEqual(['claimed', ...Array.from({ length: 5 }, () => 'storeFailed'), 'unstored'])

      scene.proxy.script()
      let runs = 0
      const run = () => ++runs
      expect(await ending(scene.host('b').once(request, run))).toMatchObject({ error: { code: 'in-progress' } })
      scene.clock.advance(LEASE + SKEW + 1_000)
      expect(await scene.host('b').once(request, run)).toEqual({ value: 1, status: 'created' })
    },
  )

  test('C3 gives the caller the answer if the store no longer listens on its port', async () => {
    const request = aRequest()
    const result = await scene.host('a').once(request, async () => {
      await scene.proxy.refuse()
      return 'of a'
    })
    await scene.proxy.accept()
    expect(result).toEqual({ value: 'of a', status: 'unstored' })
    expect(await scene.read(recordKeyOf(request))).toMatchObject({ status: 'IN_PROGRESS', revision: 1 })
  })

  test('C3 is tried again: a later try outlasts a short fault', async () => {
    const request = aRequest()
    const a = scene.host('a')
    scene.proxy.script(
      ...[1, 2, 3, 4, 5, 6, 7, 8].map((nth) => ({ step: 'complete' as const, nth, fault: resetBefore })),
    )
    expect(await a.once(request, () => 'of a')).toEqual({ value: 'of a', status: 'created' })
    expect(a.eventTypes()).toEqual(['claimed', ...Array.from({ length: 4 }, () => 'storeFailed'), 'completed'])
    expect((await scene.read(recordKeyOf(request)))?.status).toBe('SUCCEEDED')
  })

  test('C3 is recognised by the next try if it arrived and only its answer was lost', async () => {
    const request = aRequest()
    scene.proxy.script(...[1, 2].map((nth) => ({ step: 'complete' as const, nth, fault: resetAfter })))
    expect(await scene.host('a').once(request, () => 'of a')).toEqual({ value: 'of a', status: 'created' })
    expect(await scene.read(recordKeyOf(request))).toMatchObject({ status: 'SUCCEEDED', revision: 2 })
  })

  test('C3 gives the caller an answer that is marked as unstored if every reply is lost, and a retry gets the same answer', async () => {
    const request = aRequest()
    scene.proxy.script({ step: 'complete', fault: resetAfter })
    expect(await scene.host('a').once(request, () => 'of a')).toEqual({ value: 'of a', status: 'unstored' })
    scene.proxy.script()
    expect(await scene.host('b').once(request, () => 'of b')).toEqual({ value: 'of a', status: 'replayed' })
  })

  test('C3 is not tried after the remaining time', async () => {
    const request = aRequest()
    const a = scene.host('a')
    scene.proxy.script({ step: 'complete', fault: { ...resetBefore, first: () => scene.clock.advance(14_950) } })
    expect(await a.once(request, () => 'of a')).toEqual({ value: 'of a', status: 'unstored' })
    expect(scene.proxy.seen.filter(({ step }) => step === 'complete')).toHaveLength(2)
    expect(a.runtime.slept).toEqual([])
  })

  test("C3 gives the caller a 503 under unstored: 'fail', with a retry time after the end of the lease", async () => {
    const request = aRequest()
    scene.proxy.script({ step: 'complete', fault: denied })
    const a = scene.host('a', { unstored: 'fail' })
    const outcome = await ending(a.once(request, () => 'of a'))
    expect(outcome).toMatchObject({ error: { code: 'idempotency-unavailable' } })
    const { retryAfterSeconds = 0 } = (outcome as { error: { retryAfterSeconds?: number } }).error
    scene.proxy.script()
    scene.clock.advance((retryAfterSeconds - 2) * 1_000)
    expect(await ending(scene.host('b').once(request, () => 'of b'))).toMatchObject({ error: { code: 'in-progress' } })
    scene.clock.advance(2_000)
    expect(await scene.host('b').once(request, () => 'of b')).toEqual({ value: 'of b', status: 'created' })
  })

  test('C16 is stored if it takes longer than a short lease, and no other invocation takes over meanwhile', async () => {
    const request = aRequest({ context: remaining(900_000) })
    const a = scene.host('a', { heartbeat: { leaseSeconds: 30 } })
    const b = scene.host('b')
    let retries = 0
    let runs = 0
    const meanwhile = async (): Promise<void> => {
      scene.clock.advance(10_000)
      await a.runtime.beat()
      await ending(b.once(request, () => ++runs))
      retries++
    }
    const passed: Promise<void>[] = []
    const first = (): Promise<void> => {
      const one = meanwhile()
      passed.push(one)
      return one
    }
    const fault = { ...resetBefore, first }
    scene.proxy.script(...[1, 2, 3, 4].map((nth) => ({ step: 'complete' as const, nth, fault })))
    expect(await a.once(request, () => 'of a')).toEqual({ value: 'of a', status: 'created' })
    await Promise.all(passed)
    expect(retries).toBeGreaterThanOrEqual(4) // 40 s
    expect(runs).toBe(0)
    expect(await scene.read(recordKeyOf(request))).toMatchObject({ status: 'SUCCEEDED', attempt: 1 })
  })
})
