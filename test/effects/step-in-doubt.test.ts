import { StepInDoubtError, StepNotStartedError, type StepOptions, step } from '../../lib/effects/index.ts'
import { type HandlerClaim, NotDoneError, type OnceRequest } from '../../lib/index.ts'
import { type Downstream, downstream, keptIn } from '../support/downstream.ts'
import {
  arrivesLate,
  type Fault,
  failAfter,
  failBefore,
  resetAfter,
  resetBefore,
  throttled,
} from '../support/fault-proxy.ts'
import { gate } from '../support/http-harness.ts'
import { aRequest, ending, LEASE, openUnhurriedScene, recordKeyOf, type Scene, SKEW } from '../support/scene.ts'

type Claim = HandlerClaim | undefined

let scene: Scene
beforeAll(async () => {
  scene = await openUnhurriedScene()
})
beforeEach(() => scene.reset())
afterAll(() => scene.close())

const LAPSE = LEASE + SKEW + 1_000
const broken = new TypeError('the socket broke')
const stop: StepOptions<unknown> = { inDoubt: 'stop' }

let hosts = 0

const attempt = (request: OnceRequest, run: (claim: Claim) => unknown) =>
  ending(scene.host(`host-${++hosts}`).once(request, async (claim) => run(claim)))

/** The owner runs this and is not heard of again. Returns how it ended. */
const crash = async (request: OnceRequest, run: (claim: Claim) => Promise<unknown>) => {
  const ran = gate()
  let outcome: Awaited<ReturnType<typeof ending>> | undefined
  void scene.host(`host-${++hosts}`).once(request, async (claim) => {
    outcome = await ending(run(claim))
    ran.open()
    return new Promise<never>(() => {})
  })
  await ran.opened
  scene.clock.advance(LAPSE)
  return outcome
}

describe('I21 inDoubt as a function', () => {
  let calls: Downstream
  let questions: { key: string; name: string }[]
  beforeEach(() => {
    calls = downstream()
    questions = []
  })

  const asking = (decide: () => unknown): StepOptions<unknown> => ({
    inDoubt: ({ downstreamKey: key, name }) => {
      questions.push({ key, name })
      return decide() as never
    },
  })

  test('is not called in a first attempt, nor for a step that was kept', async () => {
    const request = aRequest()
    const options = asking(() => ({ done: 'asked' }))
    await attempt(request, async (claim) => {
      await step(claim, 'a', calls.does('ran'), options)
      throw broken
    })
    const again = await attempt(request, (claim) => step(claim, 'a', calls.does('ran again'), options))
    expect(again).toMatchObject({ value: { value: 'ran' } })
    expect(questions).toEqual([])
  })

  test('is called for a step that may have begun: `done` is its result, which is kept', async () => {
    const request = aRequest()
    const options = asking(() => ({ done: { id: 'ch_1', at: new Date(0) } }))
    let key: string | undefined
    await attempt(request, (claim) => {
      key = claim?.downstreamKey('a')
      return step(claim, 'a', calls.fails(broken), options)
    })
    const values: unknown[] = []
    for (let retry = 0; retry < 2; retry++) {
      await attempt(request, async (claim) => {
        values.push(await step(claim, 'a', calls.does('again'), options))
        throw broken
      })
    }
    expect(values).toEqual(Array(2).fill({ id: 'ch_1', at: '1970-01-01T00:00:00.000Z' }))
    expect(questions).toEqual([{ key, name: 'a' }])
    expect(calls.runs).toEqual(['a'])
  })

  test('is called for a step that never began too: the record cannot tell', async () => {
    const request = aRequest()
    await attempt(request, () => Promise.reject(broken))
    await attempt(request, (claim) =>
      step(
        claim,
        'a',
        calls.does(1),
        asking(() => ({ rerun: true })),
      ),
    )
    expect(questions).toHaveLength(1)
    expect(calls.runs).toEqual(['a'])
  })

  test('`rerun` runs the step under the same key', async () => {
    const request = aRequest()
    const options = asking(() => Promise.resolve({ rerun: true }))
    for (let retry = 0; retry < 3; retry++) {
      await attempt(request, (claim) => step(claim, 'a', calls.fails(broken), options))
    }
    expect(calls.runs).toEqual(['a', 'a', 'a'])
    expect(questions).toHaveLength(2)
    expect(calls.keysOf('a')).toBe(1)
  })

  test('is called before a failed step is called again in the same attempt', async () => {
    const options = asking(() => ({ done: 'it was done' }))
    const outcome = await attempt(aRequest(), async (claim) => {
      await ending(step(claim, 'a', calls.fails(broken), options))
      return step(claim, 'a', calls.does('twice'), options)
    })
    expect(outcome).toMatchObject({ value: { value: 'it was done' } })
    expect(calls.runs).toEqual(['a'])
  })

  test('is not called after NotDoneError in a first attempt: nothing is in doubt', async () => {
    const options = asking(() => ({ done: 'never' }))
    await attempt(aRequest(), async (claim) => {
      await ending(step(claim, 'a', calls.fails(new NotDoneError('declined')), options))
      return step(claim, 'a', calls.does(1), options)
    })
    expect(questions).toEqual([])
    expect(calls.runs).toEqual(['a', 'a'])
  })

  test.each<[string, () => unknown, RegExp]>([
    ['a throw', () => Promise.reject(new Error('the provider is down')), /the provider is down/],
    ['a `done` that is rejected', () => ({ done: Promise.reject(new Error('the list is down')) }), /the list is down/],
    ['nothing', () => undefined, /inDoubt must answer/],
    ['a text', () => 'done', /inDoubt must answer/],
    ['an empty object', () => ({}), /inDoubt must answer/],
    ['rerun: false', () => ({ rerun: false }), /inDoubt must answer/],
    ['two answers at once', () => ({ done: 1, rerun: true }), /inDoubt must answer/],
  ])('after %s nothing runs, and the next attempt asks again', async (_, decide, message) => {
    const request = aRequest()
    await attempt(request, () => Promise.reject(broken))
    for (let retry = 0; retry < 2; retry++) {
      const outcome = await attempt(request, (claim) => step(claim, 'a', calls.does(1), asking(decide)))
      expect(outcome).toEqual({ error: expect.objectContaining({ message: expect.stringMatching(message) }) })
    }
    expect(questions).toHaveLength(2)
    expect(calls.runs).toEqual([])
  })

  test('whose answer comes after the lease has ended starts nothing', async () => {
    const request = aRequest()
    await attempt(request, () => Promise.reject(broken))
    const outcome = await attempt(request, (claim) =>
      step(
        claim,
        'a',
        calls.does(1),
        asking(() => {
          scene.clock.advance(LAPSE)
          return { rerun: true }
        }),
      ),
    )
    expect(outcome).toMatchObject({ error: { code: 'idempotency-unavailable' } })
    expect(calls.runs).toEqual([])
  })
})

/** A fault of the mark's write: once or each time, and whether the mark arrives. */
const FAULTS: readonly (readonly [string, Fault, 'once' | 'always', boolean])[] = [
  ['is lost', resetBefore, 'once', true],
  ['is lost each time', resetBefore, 'always', false],
  ['is applied, and its answer is lost', resetAfter, 'once', true],
  ['is applied, and each of its answers is lost', resetAfter, 'always', true],
  ['fails each time', failBefore, 'always', false],
  ['is applied, and answered as failed each time', failAfter, 'always', true],
  ['is throttled each time', throttled, 'always', false],
]

describe('I21 A step under `stop`', () => {
  let calls: Downstream
  beforeEach(() => {
    calls = downstream()
  })

  const text = (claim: Claim, run = calls.does<unknown>('sent')) => step(claim, 'text', run, stop)

  test('runs once, and its result is the answer of every attempt after it', async () => {
    const request = aRequest()
    await crash(request, text)
    const outcome = await attempt(request, text)
    expect(outcome).toMatchObject({ value: { value: 'sent' } })
    expect(calls.runs).toEqual(['text'])
  })

  test('costs one write more than another step', async () => {
    await attempt(aRequest(), (claim) => text(claim))
    expect(scene.proxy.seen.map(({ step }) => step)).toEqual(['claim', 'checkpoint', 'checkpoint', 'complete'])
  })

  test('that may have begun never runs again: each attempt is answered `outcome-unknown`, and the record stays', async () => {
    const request = aRequest()
    await crash(request, (claim) => text(claim, calls.fails(broken)))
    for (let retry = 0; retry < 3; retry++) {
      const host = scene.host('retry')
      const outcome = await ending(
        host.once(request, async (claim) => {
          await step(claim, 'before', calls.does(1))
          return text(claim)
        }),
      )
      expect(outcome).toEqual({ error: expect.any(StepInDoubtError) })
      expect(outcome).toMatchObject({ error: { code: 'outcome-unknown', retryable: false } })
      expect(host.eventTypes()).toEqual(['tookOver', 'outcomeUnknown', 'abandoned'])
    }
    expect(calls.runs).toEqual(['text', 'before'])
    expect(await scene.read(recordKeyOf(request))).toMatchObject({ status: 'IN_PROGRESS', leaseExpiresAt: undefined })
  })

  test('that failed does not run again in the same attempt either', async () => {
    const outcome = await attempt(aRequest(), async (claim) => {
      await ending(text(claim, calls.fails(broken)))
      return text(claim)
    })
    expect(outcome).toEqual({ error: expect.any(StepInDoubtError) })
    expect(calls.runs).toEqual(['text'])
  })

  test.each(FAULTS)('whose mark %s runs at most once, and only if the mark is acknowledged', async (...row) => {
    const [, fault, times, arrives] = row
    const request = aRequest()
    scene.proxy.script({ step: 'checkpoint', ...(times === 'once' ? { nth: 1 } : {}), fault })
    const first = await crash(request, (claim) =>
      text(claim, (of) => {
        scene.proxy.script()
        calls.does(1)(of)
        throw broken
      }),
    )
    scene.proxy.script()
    if (times === 'once') {
      expect(first).toEqual({ error: broken })
      expect(calls.runs).toEqual(['text'])
    } else {
      expect(first).toEqual({ error: expect.any(StepNotStartedError) })
      expect(first).toMatchObject({ error: { code: 'idempotency-unavailable', retryAfterSeconds: 1 } })
      expect(calls.runs).toEqual([])
    }
    const second = await attempt(request, text)
    if (arrives) expect(second).toEqual({ error: expect.any(StepInDoubtError) })
    else expect(second).toMatchObject({ value: { value: 'sent' } })
    expect(calls.runs.length).toBeLessThanOrEqual(1)
  })

  test.each(FAULTS)('whose result’s checkpoint %s is kept, or stops', async (...row) => {
    const [, fault, times, arrives] = row
    const request = aRequest()
    const first = await crash(request, (claim) =>
      text(claim, (of) => {
        scene.proxy.script({ step: 'checkpoint', ...(times === 'once' ? { nth: 1 } : {}), fault })
        return calls.does('sent')(of)
      }),
    )
    scene.proxy.script()
    expect(first).toEqual({ value: 'sent' })
    const second = await attempt(request, text)
    if (arrives) expect(second).toMatchObject({ value: { value: 'sent' } })
    else expect(second).toEqual({ error: expect.any(StepInDoubtError) })
    expect(calls.runs).toEqual(['text'])
  })

  test('whose result cannot be kept stops after a crash', async () => {
    const request = aRequest()
    expect(await crash(request, (claim) => text(claim, calls.does(5n)))).toEqual({ value: 5n })
    expect(await attempt(request, text)).toEqual({ error: expect.any(StepInDoubtError) })
    expect(calls.runs).toEqual(['text'])
  })

  test('whose mark arrives late runs once if it is called again, and the late mark never replaces its result', async () => {
    const request = aRequest()
    const outcome = await crash(request, async (claim) => {
      scene.proxy.script({ step: 'checkpoint', fault: arrivesLate })
      const first = await ending(text(claim))
      scene.proxy.script()
      return [first, await text(claim)]
    })
    expect(outcome).toEqual({ value: [{ error: expect.any(StepNotStartedError) }, 'sent'] })
    const before = await scene.read(recordKeyOf(request))
    expect(new Set(await scene.proxy.deliver())).toEqual(new Set([400]))
    expect(await scene.read(recordKeyOf(request))).toEqual(before)
    expect(await attempt(request, text)).toMatchObject({ value: { value: 'sent' } })
    expect(calls.runs).toEqual(['text'])
  })

  test.each([
    ['first of its record', []],
    ['after a step that was kept', ['a']],
  ])(
    'whose mark (%s) arrives after its claim was abandoned: nothing ran, and the next attempt runs it',
    async (_, kept) => {
      const request = aRequest()
      await attempt(request, async (claim) => {
        for (const name of kept) await step(claim, name, () => 1)
        scene.proxy.script({ step: 'checkpoint', fault: arrivesLate })
        return text(claim)
      })
      scene.proxy.script()
      const before = await scene.read(recordKeyOf(request))
      expect(before).toMatchObject({ status: 'IN_PROGRESS', leaseExpiresAt: undefined })
      expect(new Set(await scene.proxy.deliver())).toEqual(new Set([400]))
      expect(await scene.read(recordKeyOf(request))).toEqual(before)
      expect(await attempt(request, text)).toMatchObject({ value: { value: 'sent' } })
      expect(calls.runs).toEqual(['text'])
    },
  )

  test('that ends in NotDoneError keeps its mark until the release, and runs in the next generation', async () => {
    const request = aRequest()
    const declined = new NotDoneError('declined')
    expect(await attempt(request, (claim) => text(claim, calls.fails(declined)))).toEqual({ error: declined })
    expect(await scene.read(recordKeyOf(request))).toMatchObject({ status: 'RELEASED' })
    expect(await attempt({ ...request, payload: 'mended' }, text)).toMatchObject({ value: { value: 'sent' } })
    expect(calls.keysOf('text')).toBe(2)
  })

  test('that ends in NotDoneError may be called again in the same attempt, until a call fails otherwise', async () => {
    const endings = await attempt(aRequest(), async (claim) => [
      await ending(text(claim, calls.fails(new NotDoneError('declined')))),
      await ending(text(claim, calls.fails(new NotDoneError('declined')))),
      await ending(text(claim, calls.fails(broken))),
      await ending(text(claim)),
    ])
    expect(endings).toMatchObject({ value: { value: { length: 4 } } })
    expect(calls.runs).toEqual(['text', 'text', 'text'])
  })

  test('that ends in NotDoneError in a claim that then crashes stops the next attempt', async () => {
    const request = aRequest()
    await crash(request, (claim) => text(claim, calls.fails(new NotDoneError('declined'))))
    expect(keptIn(await scene.read(recordKeyOf(request)))).toEqual(['text'])
    expect(await attempt(request, text)).toEqual({ error: expect.any(StepInDoubtError) })
  })

  test('beside other steps, all at once, keeps all of them', async () => {
    const request = aRequest()
    const names = ['a', 'b', 'c', 'd', 'e', 'f']
    const all = (claim: Claim) =>
      Promise.all(names.map((name, index) => step(claim, name, calls.does(index), index % 2 === 0 ? stop : {})))
    expect(await crash(request, all)).toEqual({ value: [0, 1, 2, 3, 4, 5] })
    expect(keptIn(await scene.read(recordKeyOf(request)))).toEqual(names)
    expect(await attempt(request, all)).toMatchObject({ value: { value: [0, 1, 2, 3, 4, 5] } })
    expect([...calls.runs].sort()).toEqual(names)
  })
})
