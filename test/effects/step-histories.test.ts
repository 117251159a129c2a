import fc from 'fast-check'
import { decodeOutcome, valueOfOutcome } from '../../lib/core/outcome/outcome.ts'
import { epochMillis } from '../../lib/core/time.ts'
import { type Step, type StepOptions, step } from '../../lib/effects/index.ts'
import { type HandlerClaim, NotDoneError, type OnceRequest, once } from '../../lib/index.ts'
import { memoryStore } from '../../lib/memory/index.ts'
import { type FaultyStore, faultyStore, type StoreFault } from '../../lib/testing/index.ts'
import { fakeClock, fakeRuntime } from '../support/fake-runtime.ts'
import { ending, LEASE, recordKeyOf, remaining, SKEW } from '../support/scene.ts'

/** What each step is called with, in every attempt. */
const OPTIONS: Readonly<Record<string, 'rerun' | 'stop' | 'ask'>> = {
  a: 'rerun',
  b: 'stop',
  c: 'ask',
  d: 'rerun',
  e: 'stop',
}

interface Planned {
  readonly name: string
  readonly ends: 'done' | 'fails' | 'notDone'
  /** Requests on their way arrive while it runs. */
  readonly delivers: boolean
  /** It is called again if it rejects. */
  readonly again: boolean
}

interface Attempt {
  readonly steps: readonly Planned[]
  readonly together: boolean
  readonly ends: 'returns' | 'throws' | 'notDone' | 'crashes'
  /** Whether the lease of the attempt before has ended. */
  readonly waits: boolean
  /** Whether the requests on their way arrive before it. */
  readonly delivers: boolean
  readonly faults: Readonly<
    Partial<Record<'checkpoint' | 'settle' | 'claim' | 'takeOver', readonly (StoreFault | 'none')[]>>
  >
}

const aFault = fc.constantFrom<StoreFault | 'none'>('none', 'none', 'unavailable', 'lost', 'answerLost', 'late')

const anAttempt: fc.Arbitrary<Attempt> = fc.record({
  steps: fc.uniqueArray(
    fc.record({
      name: fc.constantFrom(...Object.keys(OPTIONS)),
      ends: fc.constantFrom('done', 'done', 'done', 'fails', 'notDone'),
      delivers: fc.boolean(),
      again: fc.boolean(),
    }),
    { selector: ({ name }) => name, maxLength: 5 },
  ),
  together: fc.boolean(),
  ends: fc.constantFrom('returns', 'throws', 'throws', 'notDone', 'crashes'),
  waits: fc.boolean(),
  delivers: fc.boolean(),
  faults: fc.record({
    checkpoint: fc.array(aFault, { maxLength: 8 }),
    settle: fc.array(aFault, { maxLength: 3 }),
    claim: fc.array(aFault, { maxLength: 1 }),
    takeOver: fc.array(aFault, { maxLength: 1 }),
  }),
}) as fc.Arbitrary<Attempt>

/** A run of a step. The downstream key stands for the generation and the name. */
interface Run {
  readonly attempt: number
  readonly key: string
  readonly name: string
  readonly value: string
  ended?: Planned['ends']
}

const request: OnceRequest = { key: 'K', tenant: 't', payload: 1, context: remaining() }

/** Plays the attempts over one record, and checks each step of them. */
const play = async (attempts: readonly Attempt[]): Promise<void> => {
  const clock = fakeClock()
  const memory = memoryStore({ now: () => epochMillis(clock.now()) })
  const store = faultyStore(memory)
  const runs: Run[] = []
  const wrong: string[] = []

  const kept = (name: string): unknown => {
    const record = memory.read(recordKeyOf(request))
    const entry = record?.status === 'IN_PROGRESS' ? record.steps?.get(name) : undefined
    const outcome = entry && decodeOutcome(entry)
    return outcome?.kind === 'json' ? valueOfOutcome(outcome) : undefined
  }

  const results = new Map<string, unknown>()
  /** A result stays in the record until its generation ends. */
  const checkResults = (): void => {
    const record = memory.read(recordKeyOf(request))
    if (record?.status !== 'IN_PROGRESS') return
    for (const name of Object.keys(OPTIONS)) {
      const place = `${name} of generation ${record.generation}`
      const result = kept(name)
      if (results.has(place) && results.get(place) !== result) wrong.push(`${place} was replaced`)
      if (result !== undefined) results.set(place, result)
    }
  }

  const deliver = async (): Promise<void> => {
    checkResults()
    await store.deliver()
    checkResults()
  }

  const runStep = async (claim: HandlerClaim, planned: Planned): Promise<void> => {
    const { name, ends, delivers, again } = planned
    const key = claim.downstreamKey(name)
    const before = kept(name)
    let ran = false
    const act = async (of: Step) => {
      ran = true
      if (of.downstreamKey !== key) wrong.push(`${name} runs under another key than its claim has`)
      if (before !== undefined) wrong.push(`${name} runs although the record has its result`)
      const run: Run = { attempt: claim.attempt, key, name, value: `${name}${runs.length}` }
      runs.push(run)
      await new Promise(setImmediate)
      if (delivers) await deliver()
      run.ended = ends
      if (ends === 'notDone') throw new NotDoneError('declined')
      if (ends === 'fails') throw new TypeError('the socket broke')
      return run.value
    }
    const earlier = runs.filter((run) => run.key === key)
    const outcome = await ending(step(claim, name, act, optionsOf(name, earlier)))
    if ('error' in outcome) return again ? runStep(claim, { ...planned, again: false }) : undefined
    if (ran) return
    const { value } = outcome
    if (!earlier.some((run) => run.value === value))
      wrong.push(`${name} is skipped, and no run of its generation made ${value}`)
  }

  for (const [index, attempt] of attempts.entries()) {
    plan(store, attempt)
    if (attempt.delivers) await deliver()
    if (attempt.waits) clock.advance(LEASE + SKEW + 1_000)
    const runtime = fakeRuntime({ name: `host-${index}`, clock, deadlines: 'never' })
    const host = once({ store, operation: 'payments', runtime })
    const crashed = new Promise<void>((resolve) => {
      void ending(host(request, async (claim) => runAttempt(claim, attempt, runStep, resolve))).then(() => resolve())
    })
    await crashed
  }
  await deliver()

  for (const name of Object.keys(OPTIONS).filter((each) => OPTIONS[each] === 'stop')) {
    const counted = runs.filter((run) => run.name === name && run.ended !== 'notDone').map(({ key }) => key)
    if (new Set(counted).size < counted.length) wrong.push(`${name} must not run twice, and did`)
  }
  const record = memory.read(recordKeyOf(request))
  if (record !== undefined && record.status !== 'IN_PROGRESS' && 'steps' in record)
    wrong.push('a settled record has steps')
  expect(wrong).toEqual([])
}

/** The downstream that is asked knows what was done. */
const optionsOf = (name: string, earlier: readonly Run[]): StepOptions<string> => {
  if (OPTIONS[name] === 'stop') return { inDoubt: 'stop' }
  const done = earlier.find(({ ended }) => ended === 'done' || ended === 'fails')
  return OPTIONS[name] === 'ask' ? { inDoubt: () => (done === undefined ? { rerun: true } : { done: done.value }) } : {}
}

const plan = (store: FaultyStore, { faults }: Attempt): void => {
  for (const [call, planned] of Object.entries(faults)) {
    for (const fault of planned) if (fault !== 'none') store.next(call as keyof typeof faults, fault)
  }
}

const runAttempt = async (
  claim: HandlerClaim | undefined,
  { steps, together, ends }: Attempt,
  runStep: (claim: HandlerClaim, planned: Planned) => Promise<void>,
  crashed: () => void,
): Promise<string> => {
  if (claim === undefined) throw new Error('There must be a claim')
  if (together) await Promise.all(steps.map((planned) => runStep(claim, planned)))
  else for (const planned of steps) await runStep(claim, planned)
  if (ends === 'crashes') {
    crashed()
    return new Promise<never>(() => {})
  }
  if (ends === 'notDone') throw new NotDoneError('all undone')
  if (ends === 'throws') throw new TypeError('the socket broke')
  return 'paid'
}

test('I12 I13 I21 in any history of attempts and faults, no kept step runs again, none is skipped that was not done, and one under `stop` runs at most once', async () => {
  await fc.assert(fc.asyncProperty(fc.array(anAttempt, { minLength: 1, maxLength: 5 }), play), {
    numRuns: 700,
  })
}, 120_000)
