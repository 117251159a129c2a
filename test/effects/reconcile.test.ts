import { type Reconcile, type Reconciled, reconcile } from '../../lib/effects/index.ts'
import { type IdempotencyError, NotDoneError, type OnceOptions, type OnceRequest } from '../../lib/index.ts'
import { arrivesLate, resetAfter, resetBefore } from '../support/fault-proxy.ts'
import { errorsLogged, gate, quietly } from '../support/http-harness.ts'
import { aRequest, ending, type Host, LEASE, openScene, recordKeyOf, type Scene, SKEW } from '../support/scene.ts'

let scene: Scene
beforeAll(async () => {
  scene = await openScene()
})
beforeEach(() => scene.reset())
afterAll(() => scene.close())

const LAPSE = LEASE + SKEW + 1_000

let hosts = 0

/** A host that asks, and what it was asked. */
const asking = (ask: Reconcile<OnceRequest>, options: Partial<OnceOptions> = {}) => {
  const questions: Parameters<Reconcile<OnceRequest>>[1][] = []
  const abandoned = reconcile<OnceRequest>((request, claim) => {
    questions.push(claim)
    return ask(request, claim)
  })
  const host = scene.host(`asker-${++hosts}`, { abandoned, ...options })
  return { ...host, questions }
}

const answering = (answer: unknown, options: Partial<OnceOptions> = {}) => asking(() => answer as Reconciled, options)

/** Leaves the request's record abandoned: by a throw, or by an owner that is never heard of again. */
const abandon: Readonly<Record<'thrown' | 'crashed', (request: OnceRequest) => Promise<string>>> = {
  thrown: async (request) => {
    let key = ''
    const fail = scene.host('owner').once(request, (claim) => {
      key = claim?.downstreamKey('charge') ?? ''
      throw new TypeError('the socket broke')
    })
    await expect(fail).rejects.toThrow('the socket broke')
    return key
  },
  crashed: async (request) => {
    const started = gate()
    let key = ''
    void scene.host('owner').once(request, (claim) => {
      key = claim?.downstreamKey('charge') ?? ''
      started.open()
      return new Promise<never>(() => {})
    })
    await started.opened
    scene.clock.advance(LAPSE)
    return key
  },
}

const codeOf = (outcome: { value: unknown } | { error: unknown }): string | undefined =>
  'error' in outcome ? (outcome.error as IdempotencyError).code : undefined

const retryAfterOf = (outcome: { value: unknown } | { error: unknown }): number | undefined =>
  'error' in outcome ? (outcome.error as IdempotencyError).retryAfterSeconds : undefined

const attempt = (host: Pick<Host, 'once'>, request: OnceRequest, run: () => unknown = () => 'ran') =>
  ending(host.once(request, run))

describe.each(['thrown', 'crashed'] as const)('I1 A record that was abandoned (%s)', (how) => {
  test('is asked about once by five parallel retries, and nothing runs before the answer', async () => {
    const request = aRequest()
    await abandon[how](request)
    const answered = gate()
    let runs = 0
    const host = asking(async () => {
      await answered.opened
      return { done: 'charged' }
    })
    let refused = 0
    const retries = Array.from({ length: 5 }, async () => {
      const outcome = await attempt(host, request, () => ++runs)
      if (++refused === 4) answered.open()
      return outcome
    })
    const outcomes = await Promise.all(retries)
    expect(host.questions).toHaveLength(1)
    expect(runs).toBe(0)
    expect(outcomes.filter((outcome) => 'value' in outcome)).toEqual([
      { value: { value: 'charged', status: 'replayed' } },
    ])
    expect(outcomes.filter((outcome) => 'error' in outcome).map(codeOf)).toEqual(Array(4).fill('in-progress'))
  })
})

test('I1 what is asked says which effect is in doubt', async () => {
  const request = aRequest()
  const key = await abandon.thrown(request)
  const host = answering({ done: 1 })
  await host.once(request, () => 0)
  const [claim] = host.questions
  expect(claim).toMatchObject({ recordKey: recordKeyOf(request), attempt: 2, generation: 1, reconciles: 0 })
  expect(claim).toMatchObject({ lastError: 'TypeError', createdAt: scene.clock.now(), generationAt: scene.clock.now() })
  expect(claim?.downstreamKey('charge')).toBe(key)
})

describe('I2 done', () => {
  test('is stored, and replayed to all after it', async () => {
    const request = aRequest()
    await abandon.thrown(request)
    const host = answering({ done: { id: 'ch_1' } })
    expect(await attempt(host, request)).toEqual({ value: { value: { id: 'ch_1' }, status: 'replayed' } })
    expect(await attempt(scene.host('other'), request)).toEqual({
      value: { value: { id: 'ch_1' }, status: 'replayed' },
    })
    expect(await scene.read(recordKeyOf(request))).toMatchObject({ status: 'SUCCEEDED', attempt: 2, generation: 1 })
    expect(host.eventTypes()).toEqual(['tookOver', 'reconciled', 'completed'])
    expect(host.events[1]).toMatchObject({ decision: 'done', attempt: 2 })
  })

  test('as a promise is awaited', async () => {
    const request = aRequest()
    await abandon.thrown(request)
    const host = answering({ done: Promise.resolve('charged') })
    expect(await attempt(host, request)).toEqual({ value: { value: 'charged', status: 'replayed' } })
  })

  test('is not answered where it could not be stored', async () => {
    const request = aRequest()
    await abandon.thrown(request)
    scene.proxy.script({ step: 'complete', fault: resetBefore })
    const outcome = await attempt(answering({ done: 'charged' }), request)
    expect(codeOf(outcome)).toBe('outcome-pending')
    expect(await scene.read(recordKeyOf(request))).toMatchObject({ status: 'IN_PROGRESS' })
  })

  test('gives way to what another request stored meanwhile', async () => {
    const request = aRequest()
    await abandon.thrown(request)
    const host = asking(async () => {
      scene.clock.advance(LAPSE)
      await scene.host('other').once(request, () => 'of the other')
      return { done: 'of the question' }
    })
    const outcome = await attempt(host, request)
    expect(codeOf(outcome)).toBe('idempotency-unavailable') // its lease had ended: nothing follows from its answer
    expect(await attempt(host, request)).toEqual({ value: { value: 'of the other', status: 'replayed' } })
  })
})

describe('I3 rerun', () => {
  test('runs under the same downstream keys, in the same generation', async () => {
    const request = aRequest()
    const key = await abandon.thrown(request)
    let again: string | undefined
    const host = answering({ rerun: true })
    await host.once(request, (claim) => {
      again = claim?.downstreamKey('charge')
    })
    expect(again).toBe(key)
    expect(await scene.read(recordKeyOf(request))).toMatchObject({ status: 'SUCCEEDED', attempt: 2, generation: 1 })
  })

  test('leaves the effect in doubt: a claim that reran does not release', async () => {
    const request = aRequest()
    await abandon.thrown(request)
    const run = () => {
      throw new NotDoneError('declined')
    }
    await attempt(answering({ rerun: true }), request, run)
    expect(await scene.read(recordKeyOf(request))).toMatchObject({ status: 'IN_PROGRESS', generation: 1 })
    expect(codeOf(await attempt(answering({ rerun: true }), { ...request, payload: 'other' }))).toBe('key-reused')
  })
})

describe('I4 notDone', () => {
  test('runs in a new generation, with new downstream keys, and may release', async () => {
    const request = aRequest()
    const key = await abandon.thrown(request)
    let fresh: string | undefined
    const host = answering({ notDone: true })
    const outcome = await ending(
      host.once(request, (claim) => {
        fresh = claim?.downstreamKey('charge')
        throw new NotDoneError('declined')
      }),
    )
    expect(outcome).toMatchObject({ error: { message: 'declined' } })
    expect(fresh).not.toBe(key)
    expect(await scene.read(recordKeyOf(request))).toMatchObject({ status: 'RELEASED', attempt: 2, generation: 2 })
    expect(await attempt(scene.host('other'), { ...request, payload: 'mended' })).toMatchObject({
      value: { value: 'ran' },
    })
  })

  test('recognises its own write where the answer was lost', async () => {
    const request = aRequest()
    await abandon.thrown(request)
    scene.proxy.script({ step: 'nextGeneration', nth: 1, fault: resetAfter })
    expect(await attempt(answering({ notDone: true }), request)).toEqual({ value: { value: 'ran', status: 'created' } })
    expect(await scene.read(recordKeyOf(request))).toMatchObject({ status: 'SUCCEEDED', generation: 2, attempt: 2 })
  })

  test('runs nothing where the fate of its write is unknown, and a delayed send of it changes nothing', async () => {
    const request = aRequest()
    await abandon.thrown(request)
    scene.proxy.script({ step: 'nextGeneration', fault: arrivesLate })
    let runs = 0
    const outcome = await attempt(answering({ notDone: true }), request, () => ++runs)
    expect(codeOf(outcome)).toBe('idempotency-unavailable')
    expect(runs).toBe(0)
    const before = await scene.read(recordKeyOf(request))
    expect(before).toMatchObject({ status: 'IN_PROGRESS', leaseExpiresAt: undefined, generation: 1 })
    await scene.proxy.deliver()
    expect(await scene.read(recordKeyOf(request))).toEqual(before)
  })
})

const fails = () => {
  throw new Error('lazy')
}

describe('I5 no decision', () => {
  test.each<[string, Reconcile<OnceRequest>]>([
    ['unknown', () => ({ unknown: true })],
    [
      'a throw',
      () => {
        throw new Error('the provider is down')
      },
    ],
    ['nothing', () => undefined as never],
    ['two answers at once', () => ({ done: 1, rerun: true }) as never],
    ['rerun: false', () => ({ rerun: false }) as never],
    ['a getter that throws', () => Object.defineProperty({}, 'done', { get: fails, enumerable: true }) as never],
    ['done, as a promise that is rejected', () => ({ done: Promise.reject(new Error('the provider is down')) })],
    ['a time that is none', () => ({ unknown: true, retryAfterSeconds: -5 })],
  ])('%s defers the question, and the caller is told when to come again', async (_, ask) => {
    const request = aRequest()
    await abandon.thrown(request)
    let runs = 0
    const host = asking(ask)
    const outcome = await quietly(() => attempt(host, request, () => ++runs))
    expect(codeOf(outcome)).toBe('outcome-pending')
    const wait = retryAfterOf(outcome) ?? 0
    expect(wait).toBeGreaterThanOrEqual(4 + 3) // 5 s less 20 %, the skew, and the second of the store's clock
    expect(wait).toBeLessThanOrEqual(6 + 3)
    expect(codeOf(await attempt(host, request))).toBe('outcome-pending') // not asked before its time
    expect(host.questions).toHaveLength(1)
    scene.clock.advance(wait * 1_000)
    expect(codeOf(await quietly(() => attempt(host, request)))).toBe('outcome-pending')
    expect(host.questions.map(({ reconciles }) => reconciles)).toEqual([0, 1])
    expect(runs).toBe(0)
  })

  test.each<[string, Reconcile<OnceRequest>, RegExp]>([
    ['unknown', () => ({ unknown: true }), /^$/],
    ['a throw', fails, /^lambda-once: the reconcile function threw an error, .* Error: lazy$/],
    [
      'a promise that is rejected',
      () => ({ done: Promise.reject(new Error('down')) }),
      /threw an error, .* Error: down$/,
    ],
    ['nothing', () => undefined as never, /must answer exactly one of \{ done \}/],
    ['two answers at once', () => ({ done: undefined, rerun: true }) as never, /must answer exactly one of/],
    ['rerun: false', () => ({ rerun: false }) as never, /must answer exactly one of/],
  ])('that comes from a mistake is in the log: %s', async (_, ask, line) => {
    const request = aRequest()
    await abandon.thrown(request)
    const logged = await errorsLogged(async () => void (await attempt(asking(ask), request)))
    expect(logged.join()).toMatch(line)
  })

  test('waits twice as long each time', async () => {
    const request = aRequest()
    await abandon.thrown(request)
    const host = answering({ unknown: true })
    const waits: number[] = []
    for (let asked = 0; asked < 4; asked++) {
      const wait = retryAfterOf(await attempt(host, request)) ?? 0
      waits.push(wait - 3)
      scene.clock.advance(wait * 1_000)
    }
    expect(host.questions).toHaveLength(4)
    for (const [index, wait] of waits.entries()) {
      expect(wait).toBeGreaterThanOrEqual(Math.floor(5 * 2 ** index * 0.8))
      expect(wait).toBeLessThanOrEqual(Math.ceil(5 * 2 ** index * 1.2))
    }
  })

  test('takes the time that the function names', async () => {
    const request = aRequest()
    await abandon.thrown(request)
    const host = answering({ unknown: true, retryAfterSeconds: 90 })
    expect(retryAfterOf(await attempt(host, request))).toBe(93)
    expect(host.events.at(-2)).toMatchObject({ type: 'reconciled', decision: 'unknown', retryAfterSeconds: 93 })
    expect(await scene.read(recordKeyOf(request))).toMatchObject({
      reconciles: 1,
      reconcileAt: scene.clock.now() + 90_000,
      lastError: 'TypeError',
    })
  })

  test('a decision after that runs as ever, and the record keeps nothing of the questions once it is settled', async () => {
    const request = aRequest()
    await abandon.thrown(request)
    await attempt(answering({ unknown: true, retryAfterSeconds: 1 }), request)
    scene.clock.advance(2_000)
    expect(await attempt(answering({ rerun: true }), request)).toEqual({ value: { value: 'ran', status: 'created' } })
    const record = await scene.read(recordKeyOf(request))
    expect(record).toMatchObject({ status: 'SUCCEEDED', attempt: 3, generation: 1 })
    expect(record).not.toHaveProperty('reconciles')
  })
})

describe('I6 a slow question', () => {
  test('leaves the claim to its lease: no retry asks before that', async () => {
    const request = aRequest()
    await abandon.thrown(request)
    let questions = 0
    const ask = () => {
      questions++
      return new Promise<never>(() => {})
    }
    const slow = scene.host('slow', { abandoned: reconcile(ask, { withinSeconds: 1 }) })
    const outcome = await attempt(slow, request)
    expect(codeOf(outcome)).toBe('outcome-pending')
    expect(slow.events.at(-1)).toMatchObject({ type: 'reconciled', decision: 'unanswered' })
    expect(codeOf(await attempt(slow, request))).toBe('in-progress')
    expect(questions).toBe(1)
    scene.clock.advance((retryAfterOf(outcome) ?? 0) * 1_000)
    expect(await attempt(answering({ done: 'charged' }), request)).toMatchObject({ value: { value: 'charged' } })
  })

  test.each<[string, Reconciled]>([
    ['rerun', { rerun: true }],
    ['notDone', { notDone: true }],
    ['done', { done: 1 }],
  ])('whose lease ends before it answers %s starts nothing and stores nothing', async (_, answer) => {
    const request = aRequest()
    await abandon.thrown(request)
    let runs = 0
    const host = asking(() => {
      scene.clock.advance(LAPSE)
      return answer
    })
    expect(codeOf(await attempt(host, request, () => ++runs))).toBe('idempotency-unavailable')
    expect(runs).toBe(0)
    const record = await scene.read(recordKeyOf(request))
    // It is counted as a question, and may be asked about at once.
    expect(record).toMatchObject({ status: 'IN_PROGRESS', generation: 1, reconciles: 1, reconcileAt: undefined })
    expect(await attempt(answering({ done: 'charged' }), request)).toMatchObject({ value: { value: 'charged' } })
  })

  test('is not asked at all where the invocation is about to end', async () => {
    const request = aRequest()
    await abandon.thrown(request)
    const host = answering({ done: 1 })
    const hurried = { ...request, context: { getRemainingTimeInMillis: () => 900 } }
    expect(codeOf(await attempt(host, hurried))).toBe('outcome-pending')
    expect(host.questions).toHaveLength(0)
  })
})

describe('I7 an asker that is never heard of again', () => {
  test('in its question: the next retry asks again', async () => {
    const request = aRequest()
    await abandon.thrown(request)
    const asked = gate()
    void attempt(
      asking(() => {
        asked.open()
        return new Promise<never>(() => {})
      }),
      request,
    )
    await asked.opened
    scene.clock.advance(LAPSE)
    const next = answering({ done: 'charged' })
    expect(await attempt(next, request)).toMatchObject({ value: { value: 'charged' } })
    expect(next.questions).toMatchObject([{ attempt: 3, generation: 1 }])
  })

  test('after the next generation began: the next retry asks about its new keys', async () => {
    const request = aRequest()
    await abandon.thrown(request)
    const started = gate()
    let fresh: string | undefined
    void ending(
      answering({ notDone: true }).once(request, (claim) => {
        fresh = claim?.downstreamKey('charge')
        started.open()
        return new Promise<never>(() => {})
      }),
    )
    await started.opened
    scene.clock.advance(LAPSE)
    const next = answering({ done: 'charged' })
    await attempt(next, request)
    expect(next.questions).toMatchObject([{ attempt: 3, generation: 2, reconciles: 0 }])
    expect(next.questions[0]?.downstreamKey('charge')).toBe(fresh)
  })
})

test('I8 another payload is a mismatch without a question; released and settled records are not asked about', async () => {
  const [doubtful, released, settled] = [aRequest(), aRequest(), aRequest()]
  await abandon.thrown(doubtful)
  await attempt(scene.host('owner'), released, () => {
    throw new NotDoneError('declined')
  })
  await attempt(scene.host('owner'), settled)
  const host = answering({ done: 1 })
  expect(codeOf(await attempt(host, { ...doubtful, payload: 'other' }))).toBe('key-reused')
  expect(await attempt(host, released)).toMatchObject({ value: { status: 'created' } })
  expect(await attempt(host, settled)).toMatchObject({ value: { status: 'replayed' } })
  expect(host.questions).toHaveLength(0)
})

test.each<[object, RegExp]>([
  [{ withinSeconds: 0 }, /"withinSeconds" is 0; it must be an integer from 1 to 60/],
  [{ withinSeconds: 61 }, /"withinSeconds" is 61/],
  [{ seconds: 5 }, /"seconds"/],
])('reconcile(ask, %j) is refused', (options, message) => {
  expect(() => reconcile(() => ({ rerun: true }), options)).toThrow(message)
})

test('reconcile with a store that may be down unprotected is refused: it would run what it should ask about', () => {
  const options = { storeDown: 'dangerouslyRunUnprotected' } as const
  expect(() => answering({ rerun: true }, options)).toThrow(
    /"storeDown" is "dangerouslyRunUnprotected".*reconcile\(ask\)/,
  )
})
