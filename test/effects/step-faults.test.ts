import { reconcile, type Step, step } from '../../lib/effects/index.ts'
import { type HandlerClaim, NotDoneError, type OnceRequest } from '../../lib/index.ts'
import { type Downstream, downstream, keptIn } from '../support/downstream.ts'
import {
  arrivesLate,
  type Fault,
  failAfter,
  failBefore,
  type Rule,
  resetAfter,
  resetBefore,
  throttled,
  timeoutAfter,
  timeoutBefore,
  transactionConflict,
} from '../support/fault-proxy.ts'
import { gate } from '../support/http-harness.ts'
import {
  aRequest,
  ending,
  type Host,
  LEASE,
  openUnhurriedScene,
  recordKeyOf,
  type Scene,
  SKEW,
} from '../support/scene.ts'

type Claim = HandlerClaim | undefined

let scene: Scene
beforeAll(async () => {
  scene = await openUnhurriedScene()
})
beforeEach(() => scene.reset())
afterAll(() => scene.close())

const LAPSE = LEASE + SKEW + 1_000
const NAMES = ['a', 'b', 'c'] as const
type Name = (typeof NAMES)[number]

/** Three steps in a row. While `struck` is kept, the checkpoints meet the fault. */
const threeSteps = async (claim: Claim, calls: Downstream, struck: Name, ...fault: readonly Rule[]) => {
  const values: string[] = []
  for (const name of NAMES) {
    const run = (of: Step): string => {
      scene.proxy.script(...(name === struck ? fault : []))
      return calls.does(`${name} done`)(of)
    }
    values.push(await step(claim, name, run))
  }
  scene.proxy.script()
  return values.join()
}

const ALL_DONE = 'a done,b done,c done'

/** The owner runs its three steps, and is not heard of again. */
const crash = async (request: OnceRequest, run: (claim: Claim) => Promise<unknown>, host = scene.host('owner')) => {
  const ran = gate()
  let value: unknown
  void host.once(request, async (claim) => {
    value = await run(claim)
    ran.open()
    return new Promise<never>(() => {})
  })
  await ran.opened
  return { value, events: host.events }
}

/** Another host runs the three steps after the lease. */
const retry = async (request: OnceRequest, calls: Downstream) => {
  scene.clock.advance(LAPSE)
  calls.runs.length = 0
  return scene.host('next').once(request, (claim) => threeSteps(claim, calls, 'a'))
}

/** What becomes of one checkpoint, or of all that a step sends. */
const FAULTS: readonly (readonly [string, Fault, 'once' | 'always', boolean])[] = [
  ['is lost', resetBefore, 'once', true],
  ['is lost each time', resetBefore, 'always', false],
  ['is applied, and its answer is lost', resetAfter, 'once', true],
  ['is applied, and each of its answers is lost', resetAfter, 'always', true],
  ['fails', failBefore, 'once', true],
  ['fails each time', failBefore, 'always', false],
  ['is applied, and answered as failed', failAfter, 'once', true],
  ['is applied, and answered as failed each time', failAfter, 'always', true],
  ['is throttled each time', throttled, 'always', false],
  ['meets a transaction', transactionConflict, 'once', true],
]

const CASES = [
  ...FAULTS.flatMap((fault) => NAMES.map((name) => [...fault, name] as const)),
  ['is never answered', timeoutBefore, 'always', false, 'c'] as const,
  ['is applied and never answered', timeoutAfter, 'always', true, 'c'] as const,
]

/** If a fault has no answer, the layer's own time limits end the call. */
const ownerUnder = ({ answer }: Fault): Host =>
  scene.host('owner', {}, { deadlines: answer === 'silent' ? 'real' : 'never' })

describe('I13 A checkpoint', () => {
  test.each(CASES)('that %s leaves each step with its value, in the run that completes', async (...row) => {
    const [, fault, times, , name] = row
    const request = aRequest()
    const calls = downstream()
    const rule = { step: 'checkpoint' as const, ...(times === 'once' ? { nth: 1 } : {}), fault }
    const answer = await ownerUnder(fault).once(request, (claim) => threeSteps(claim, calls, name, rule))
    expect(answer).toEqual({ value: ALL_DONE, status: 'created' })
    expect(calls.runs).toEqual(NAMES)
    const record = await scene.read(recordKeyOf(request))
    expect(record).toMatchObject({ status: 'SUCCEEDED' })
  })

  test.each(CASES)('that %s is kept, or its step runs again under the same key after a crash', async (...row) => {
    const [, fault, times, arrives, name] = row
    const request = aRequest()
    const calls = downstream()
    const rule = { step: 'checkpoint' as const, ...(times === 'once' ? { nth: 1 } : {}), fault }
    const crashed = await crash(request, (claim) => threeSteps(claim, calls, name, rule), ownerUnder(fault))
    expect(crashed.value).toBe(ALL_DONE)
    expect(calls.runs).toEqual(NAMES)
    const failures = crashed.events.filter((event) => event.type === 'storeFailed')
    if (times === 'always') expect(failures).toMatchObject([{ step: 'checkpoint' }, { step: 'checkpoint' }])
    else expect(failures.length).toBeLessThan(2) // the client sends again, unless its retry quota is used up
    // A result rides on with the next checkpoint. The last step has none.
    const kept = arrives || name !== 'c' ? [...NAMES] : ['a', 'b']
    expect(keptIn(await scene.read(recordKeyOf(request)))).toEqual(kept)
    expect(await retry(request, calls)).toEqual({ value: ALL_DONE, status: 'created' })
    expect(calls.runs).toEqual(NAMES.filter((each) => !kept.includes(each)))
    for (const each of NAMES) expect(calls.keysOf(each)).toBe(1)
  })

  test.each(NAMES)('of step %s that stays unwritten rides on with the abandon', async (name) => {
    const request = aRequest()
    const calls = downstream()
    await ending(
      scene.host('owner').once(request, async (claim) => {
        await threeSteps(claim, calls, name, { step: 'checkpoint', fault: resetBefore })
        throw new TypeError('the socket broke')
      }),
    )
    expect(keptIn(await scene.read(recordKeyOf(request)))).toEqual(NAMES)
    await retry(request, calls)
    expect(calls.runs).toEqual([])
  })

  test.each([
    ['is lost', resetBefore],
    ['is applied, and its answer is lost', resetAfter],
  ])('rides on with an abandon that %s: the second send is recognised', async (_, fault) => {
    const request = aRequest()
    const calls = downstream()
    const host = scene.host('owner')
    await ending(
      host.once(request, async (claim) => {
        for (const name of ['a', 'b']) await step(claim, name, calls.does(name))
        scene.proxy.script({ step: 'checkpoint', fault: resetBefore }, { step: 'abandon', nth: 1, fault })
        await step(claim, 'c', calls.does('c'))
        throw new TypeError('the socket broke')
      }),
    )
    expect(host.eventTypes().at(-1)).toBe('abandoned')
    expect(await scene.read(recordKeyOf(request))).toMatchObject({ status: 'IN_PROGRESS', leaseExpiresAt: undefined })
    expect(keptIn(await scene.read(recordKeyOf(request)))).toEqual(NAMES)
  })

  test('that is written although the owner does not know it needs no other form of the next one', async () => {
    const request = aRequest()
    const calls = downstream()
    // The first checkpoint makes the map of steps, and the owner never hears of it.
    const { value } = await crash(request, (claim) =>
      threeSteps(claim, calls, 'a', { step: 'checkpoint', fault: failAfter }),
    )
    expect(value).toBe(ALL_DONE)
    expect(keptIn(await scene.read(recordKeyOf(request)))).toEqual(NAMES)
  })
})

/** The ends after which a delayed checkpoint arrives, and what the record has of the step then. */
const ENDS: readonly (readonly [string, (request: OnceRequest) => Promise<unknown>, readonly string[] | undefined])[] =
  [
    ['a completion', async () => {}, undefined],
    [
      'a take-over',
      async (request) => {
        scene.clock.advance(LAPSE)
        void scene.host('next').once(request, () => new Promise<never>(() => {}))
        while ((await scene.read(recordKeyOf(request)))?.attempt !== 2);
      },
      ['a'],
    ],
    [
      'a take-over that began the next generation',
      async (request) => {
        scene.clock.advance(LAPSE)
        const host = scene.host('next', { abandoned: reconcile(() => ({ notDone: true })) })
        void host.once(request, () => new Promise<never>(() => {}))
        while ((await scene.read(recordKeyOf(request)))?.generation !== 2);
      },
      undefined,
    ],
  ]

describe('I13 A delayed duplicate of a checkpoint', () => {
  /** Keeps `a`, then `b` by a checkpoint that also arrives late. */
  const twoSteps = async (claim: Claim) => {
    await step(claim, 'a', () => 1)
    scene.proxy.script({ step: 'checkpoint', fault: arrivesLate })
    await step(claim, 'b', () => 2)
    scene.proxy.script()
  }

  test.each(ENDS)('that arrives after %s changes nothing', async (name, end, kept) => {
    const request = aRequest()
    if (name === 'a completion') await scene.host('owner').once(request, twoSteps)
    else await crash(request, twoSteps)
    await end(request)
    const before = await scene.read(recordKeyOf(request))
    expect(keptIn(before)).toEqual(kept)
    const delivered = await scene.proxy.deliver()
    expect(delivered.length).toBeGreaterThan(0)
    expect(new Set(delivered)).toEqual(new Set([400]))
    expect(await scene.read(recordKeyOf(request))).toEqual(before)
  })

  test('that arrives after a release changes nothing, and the next generation has no steps', async () => {
    const request = aRequest()
    await ending(
      scene.host('owner').once(request, async (claim) => {
        await twoSteps(claim)
        throw new NotDoneError('undone')
      }),
    )
    const before = await scene.read(recordKeyOf(request))
    expect(before).toMatchObject({ status: 'RELEASED' })
    expect(new Set(await scene.proxy.deliver())).toEqual(new Set([400]))
    expect(await scene.read(recordKeyOf(request))).toEqual(before)
  })

  test('that arrives after the abandon that took its result along changes no result', async () => {
    const request = aRequest()
    await ending(
      scene.host('owner').once(request, async (claim) => {
        await twoSteps(claim)
        throw new TypeError('the socket broke')
      }),
    )
    const { revision: _, ...before } = (await scene.read(recordKeyOf(request))) ?? {}
    expect(new Set(await scene.proxy.deliver())).toEqual(new Set([200]))
    expect(await scene.read(recordKeyOf(request))).toMatchObject(before)
    const { runs, does } = downstream()
    const answer = await scene
      .host('next')
      .once(request, async (claim) => [await step(claim, 'a', does(7)), await step(claim, 'b', does(8))])
    expect(answer.value).toEqual([1, 2])
    expect(runs).toEqual([])
  })

  test('that arrives after a crash keeps its step', async () => {
    const request = aRequest()
    await crash(request, twoSteps)
    expect(keptIn(await scene.read(recordKeyOf(request)))).toEqual(['a'])
    await scene.proxy.deliver()
    expect(keptIn(await scene.read(recordKeyOf(request)))).toEqual(['a', 'b'])
  })

  test('of the first checkpoint never replaces the map that later ones have filled', async () => {
    const request = aRequest()
    await crash(request, async (claim) => {
      scene.proxy.script({ step: 'checkpoint', fault: arrivesLate })
      await step(claim, 'a', () => 1)
      scene.proxy.script()
      await step(claim, 'b', () => 2)
      await step(claim, 'c', () => 3)
    })
    const before = await scene.read(recordKeyOf(request))
    expect(keptIn(before)).toEqual(NAMES)
    await scene.proxy.deliver()
    expect(await scene.read(recordKeyOf(request))).toEqual(before)
  })
})

describe('I14 64 steps at once', () => {
  const names = Array.from({ length: 64 }, (_, index) => `step-${index}`)
  const backwards = [...names].reverse()
  /** Every 23rd: 23 and 64 have no common divisor. */
  const mixed = names.map((_, index) => names[(index * 23) % 64] as string)

  test.each([
    ['in order', names, undefined],
    ['backwards', backwards, undefined],
    ['mixed', mixed, undefined],
    ['mixed, while the first answer is lost', mixed, resetAfter],
    ['mixed, while the first checkpoint is lost', mixed, resetBefore],
  ])('that end %s are all kept, with fewer writes than steps', async (_, order, fault) => {
    const request = aRequest()
    const calls = downstream()
    if (fault !== undefined) scene.proxy.script({ step: 'checkpoint', nth: 1, fault })
    const gates = new Map(names.map((name) => [name, gate()]))
    const { value } = await crash(request, async (claim) => {
      const steps = names.map((name) =>
        step(claim, name, async (of) => {
          await gates.get(name)?.opened
          return calls.does(name.length)(of)
        }),
      )
      for (const name of order) {
        gates.get(name)?.open()
        await new Promise(setImmediate)
      }
      return Promise.all(steps)
    })
    expect(value).toEqual(names.map(({ length }) => length))
    const writes = scene.proxy.seen.filter(({ step }) => step === 'checkpoint').length
    expect(writes).toBeLessThan(64)
    expect(keptIn(await scene.read(recordKeyOf(request)))).toEqual([...names].sort())

    calls.runs.length = 0
    scene.clock.advance(LAPSE)
    const again = await scene
      .host('next')
      .once(request, (claim) => Promise.all(names.map((name) => step(claim, name, calls.does(0)))))
    expect(again.value).toEqual(value)
    expect(calls.runs).toEqual([])
  })

  test('that are all unwritten ride on with one abandon', async () => {
    const request = aRequest()
    scene.proxy.script({ step: 'checkpoint', fault: resetBefore })
    await ending(
      scene.host('owner').once(request, async (claim) => {
        await Promise.all(names.map((name) => step(claim, name, () => name)))
        throw new TypeError('the socket broke')
      }),
    )
    expect(keptIn(await scene.read(recordKeyOf(request)))).toEqual([...names].sort())
  })
})
