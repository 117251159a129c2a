import { type IdempotencyError, NotDoneError } from '../../lib/index.ts'
import { aTakeOver, released, unhurried } from '../support/claims.ts'
import { aRequest, ending, LEASE, openScene, recordKeyOf, remaining, type Scene, SKEW } from '../support/scene.ts'

let scene: Scene
beforeAll(async () => {
  scene = await openScene()
})
beforeEach(() => scene.reset())
afterAll(() => scene.close())

const LAPSE = LEASE + SKEW + 1_000
const OTHER = { amount: 999 }

/** A host whose store calls never time out, because its deadline has passed when they are made. */
const patient = (name: string) => scene.host(name, {}, { deadlines: 'never' })

/** Resolves for all callers once this many wait. */
const barrier = (size: number): (() => Promise<void>) => {
  let open: () => void
  let waiting = 0
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return () => {
    if (++waiting === size) open()
    return opened
  }
}

describe('A6 An owner that stalls past its lease while another invocation takes over', () => {
  test('A6 gets the stored answer of the invocation that completed, and its own late completion changes nothing', async () => {
    const request = aRequest()
    const a = patient('a')
    const b = scene.host('b')
    let stored: unknown
    const result = await a.once(request, async () => {
      scene.clock.advance(LAPSE)
      expect(await b.once(request, () => 'of b')).toEqual({ value: 'of b', status: 'created' })
      stored = await scene.read(recordKeyOf(request))
      return 'of a'
    })
    expect(result).toEqual({ value: 'of b', status: 'replayed' })
    expect(await scene.read(recordKeyOf(request))).toEqual(stored)
    expect(a.eventTypes()).toEqual(['claimed', 'lost'])
    expect(a.events[1]).toMatchObject({ gone: false, attempt: 1 })
    expect(b.eventTypes()).toEqual(['tookOver', 'completed'])
  })

  test.each([
    ['plain', new Error('boom')],
    ['not done', new NotDoneError('declined')],
  ])('A6 fails late and changes nothing, and its caller gets the error (%s)', async (_, error) => {
    const request = aRequest()
    const a = patient('a')
    let stored: unknown
    const outcome = await ending(
      a.once(request, async () => {
        scene.clock.advance(LAPSE)
        await scene.host('b').once(request, () => 'of b')
        stored = await scene.read(recordKeyOf(request))
        throw error
      }),
    )
    expect((outcome as { error: unknown }).error).toBe(error)
    expect(await scene.read(recordKeyOf(request))).toEqual(stored)
    expect(a.eventTypes()).toEqual(['claimed', 'lost'])
  })

  test('A6 gets a conflict while the other still runs, and does not disturb it', async () => {
    const request = aRequest()
    const a = patient('a')
    const entered = barrier(2)
    const left = barrier(2)
    let other: Promise<unknown> | undefined
    const outcome = await ending(
      a.once(request, async () => {
        scene.clock.advance(LAPSE)
        other = scene.host('b').once(request, async () => {
          await entered()
          await left()
          return 'of b'
        })
        await entered()
        return 'of a'
      }),
    )
    expect(outcome).toMatchObject({ error: { code: 'in-progress', retryAfterSeconds: (LEASE + SKEW) / 1_000 + 1 } })
    await left()
    expect(await other).toEqual({ value: 'of b', status: 'created' })
  })

  /** B took over and stated that nothing was done, so the record is free for any payload. */
  const takenOverAndReleased = async (request: ReturnType<typeof aRequest>): Promise<void> => {
    const seen = await scene.read(recordKeyOf(request))
    if (seen === undefined) throw new Error('No record to take over')
    const claim = aTakeOver(seen)
    expect(await scene.store.takeOver(seen, claim, unhurried)).toEqual({ kind: 'claimed' })
    expect(await scene.store.settle(claim, released(), unhurried)).toEqual({ kind: 'settled' })
  }

  test('A6 gets a conflict, never a stored answer to another payload', async () => {
    const request = aRequest()
    const a = patient('a')
    let stored: unknown
    const outcome = await ending(
      a.once(request, async () => {
        scene.clock.advance(LAPSE)
        await takenOverAndReleased(request)
        const c = await scene.host('c').once({ ...request, payload: OTHER }, () => 'of c')
        expect(c).toEqual({ value: 'of c', status: 'created' })
        stored = await scene.read(recordKeyOf(request))
        return 'of a'
      }),
    )
    expect(outcome).toMatchObject({ error: { code: 'in-progress', retryAfterSeconds: 1 } })
    expect(await scene.read(recordKeyOf(request))).toEqual(stored)
    expect(a.eventTypes()).toEqual(['claimed', 'lost'])
  })

  test('A6 gets a conflict if the other has released the record', async () => {
    const request = aRequest()
    const a = patient('a')
    const outcome = await ending(
      a.once(request, async () => {
        scene.clock.advance(LAPSE)
        await takenOverAndReleased(request)
        return 'of a'
      }),
    )
    expect(outcome).toMatchObject({ error: { code: 'in-progress', retryAfterSeconds: 1 } })
    expect(await scene.read(recordKeyOf(request))).toMatchObject({ status: 'RELEASED', attempt: 2 })
  })

  test('A6 sees its signal abort as soon as a renewal finds the claim lost', async () => {
    const request = { ...aRequest(), context: remaining(900_000) }
    const a = scene.host('a', { heartbeat: { leaseSeconds: 30 } }, { deadlines: 'never' })
    await a.once(request, async (claim) => {
      scene.clock.advance(LAPSE)
      await scene.host('b').once(request, () => 'of b')
      expect(claim?.signal.aborted).toBe(false)
      await a.runtime.beat()
      expect(claim?.signal.aborted).toBe(true)
    })
  })
})

describe('A8 A contender that has seen an abandoned record', () => {
  test('A8 does not take it over if its owner renews between the read and the write', async () => {
    const request = { ...aRequest(), context: remaining(900_000) }
    const a = scene.host('a', { heartbeat: { leaseSeconds: 30 } }, { deadlines: 'never' })
    const b = scene.host('b')
    let runs = 0
    const result = await a.once(request, async (claim) => {
      runs++
      scene.clock.advance(LAPSE)
      scene.proxy.script({ step: 'takeOver', nth: 1, fault: { first: () => a.runtime.beat() } })
      const outcome = await ending(b.once(request, () => ++runs))
      expect(outcome).toMatchObject({ error: { code: 'in-progress', retryAfterSeconds: 33 } })
      expect(claim?.signal.aborted).toBe(true) // its lease had ended
      return 'of a'
    })
    expect(result).toEqual({ value: 'of a', status: 'created' })
    expect(runs).toBe(1)
    expect(b.eventTypes()).toEqual(['conflicted'])
  })

  test('A8 replays the answer if its owner completes between the read and the write', async () => {
    const request = aRequest()
    const a = patient('a')
    const looked = barrier(2)
    let contender: Promise<unknown> | undefined
    let owner: Promise<unknown> | undefined
    owner = a.once(request, async () => {
      scene.clock.advance(LAPSE)
      const first = async () => {
        await looked()
        await owner
      }
      scene.proxy.script({ step: 'takeOver', nth: 1, fault: { first } })
      contender = scene.host('b', {}, { deadlines: 'never' }).once(request, () => 'of b')
      contender.catch(() => {})
      await looked()
      return 'of a'
    })
    expect(await owner).toEqual({ value: 'of a', status: 'created' })
    expect(await contender).toEqual({ value: 'of a', status: 'replayed' })
  })

  test('A8 wins alone: of ten take-overs that arrive together one runs, round after round', async () => {
    for (let round = 0; round < 15; round++) {
      scene.reset()
      const request = aRequest()
      await ending(scene.host('crashed').once(request, () => Promise.reject(new Error('boom'))))
      const together = barrier(10)
      scene.proxy.script(
        ...Array.from({ length: 10 }, (_, index) => ({
          step: 'takeOver' as const,
          nth: index + 1,
          fault: { first: together },
        })),
      )
      let runs = 0
      const finished = barrier(10)
      const outcomes = await Promise.all(
        Array.from({ length: 10 }, async (_, index) => {
          const host = scene.host(`b${index}`, {}, { deadlines: 'never' })
          const outcome = await ending(
            host.once(request, async () => {
              runs++
              await finished()
              return 'done'
            }),
          )
          void finished()
          return outcome
        }),
      )
      expect(runs).toBe(1)
      const codes = outcomes.map((outcome) => ('value' in outcome ? 'ran' : (outcome.error as IdempotencyError).code))
      expect(codes.sort()).toEqual([...Array.from({ length: 9 }, () => 'in-progress'), 'ran'])
      expect(await scene.read(recordKeyOf(request))).toMatchObject({ status: 'SUCCEEDED', attempt: 2, generation: 1 })
    }
  })
})

test('A14 A record that TTL deletes between the read and the take-over is claimed as absent, with one run.', async () => {
  const request = aRequest()
  await ending(scene.host('crashed').once(request, () => Promise.reject(new Error('boom'))))
  scene.proxy.script({ step: 'takeOver', nth: 1, fault: { first: () => scene.sweep(recordKeyOf(request)) } })
  const b = scene.host('b')
  let runs = 0
  expect(await b.once(request, () => ++runs)).toEqual({ value: 1, status: 'created' })
  expect(b.eventTypes()).toEqual(['claimed', 'completed'])
  expect(await scene.read(recordKeyOf(request))).toMatchObject({ status: 'SUCCEEDED', attempt: 1, generation: 1 })
})

test('B6 A record that disappears during the run is not revived: the caller gets its own answer, marked as unstored.', async () => {
  const request = aRequest()
  const a = scene.host('a')
  const result = await a.once(request, async () => {
    await scene.sweep(recordKeyOf(request))
    return 'of a'
  })
  expect(result).toEqual({ value: 'of a', status: 'unstored' })
  expect(await scene.read(recordKeyOf(request))).toBeUndefined()
  expect(a.eventTypes()).toEqual(['claimed', 'lost'])
  expect(a.events[1]).toMatchObject({ gone: true })
})

describe('B8 A lease that has ended when the answer to the claim arrives', () => {
  test('B8 starts no handler, and the record is released for a retry at once', async () => {
    const request = aRequest()
    const a = patient('a')
    scene.proxy.script({ step: 'claim', nth: 1, fault: { first: () => scene.clock.advance(LEASE) } })
    let runs = 0
    const run = () => ++runs
    expect(await ending(a.once(request, run))).toMatchObject({ error: { code: 'idempotency-unavailable' } })
    expect(runs).toBe(0)
    expect((await scene.read(recordKeyOf(request)))?.status).toBe('RELEASED')
    expect(await scene.host('b').once(request, run)).toEqual({ value: 1, status: 'created' })
  })

  test('B8 starts the handler if a millisecond of the lease is left', async () => {
    scene.proxy.script({ step: 'claim', nth: 1, fault: { first: () => scene.clock.advance(LEASE - 1) } })
    expect(await patient('a').once(aRequest(), () => 'done')).toMatchObject({ value: 'done' })
  })

  test('B8 abandons the record again after a take-over of an abandoned one, since the effect is still in doubt', async () => {
    const request = aRequest()
    await ending(scene.host('crashed').once(request, () => Promise.reject(new Error('boom'))))
    scene.proxy.script({ step: 'takeOver', nth: 1, fault: { first: () => scene.clock.advance(LEASE) } })
    let runs = 0
    expect(await ending(patient('a').once(request, () => ++runs))).toMatchObject({
      error: { code: 'idempotency-unavailable' },
    })
    expect(await scene.read(recordKeyOf(request))).toMatchObject({ status: 'IN_PROGRESS', leaseExpiresAt: undefined })
    const other = await ending(scene.host('c').once({ ...request, payload: OTHER }, () => ++runs))
    expect(other).toMatchObject({ error: { code: 'key-reused' } })
    expect(await scene.host('b').once(request, () => ++runs)).toEqual({ value: 1, status: 'created' })
  })
})
