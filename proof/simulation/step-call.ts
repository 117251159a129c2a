import { ClaimLostError, StepInDoubtError } from '../../lib/core/errors.ts'
import type { Step, StepDecision } from '../../lib/core/lifecycle/effects.ts'
import { NotDoneError } from '../../lib/core/outcome/handler-errors.ts'
import type { Claim } from '../../lib/core/record/claim.ts'
import { step as runStep } from '../../lib/effects/step.ts'
import { order } from './charge.ts'
import type { Actor } from './handler-end.ts'
import { drawStepSpan } from './handler-span.ts'
import type { Execution, StepCall, StepDeed, Stored } from './history.ts'
import { happening, hostNow, later, pass, say } from './invocation.ts'
import type { PlannedStep } from './plan.ts'
import type { World } from './world.ts'

/** What a step answers. JSON cannot keep a bigint. */
interface Result {
  readonly result: number
  readonly huge?: bigint
}

/** What resolves without a result counts as this one. */
const NO_RESULT = 0

/** Calls the production `step`. Never resolves in a process that has died. */
export const callStep = async (actor: Actor, step: PlannedStep, inner: () => Promise<void>): Promise<void> => {
  const { world, claim, run } = actor
  const call: StepCall = {
    step,
    start: happening(world),
    isAsked: false,
    execution: undefined,
    answered: undefined,
    end: undefined,
  }
  run.steps.push(call)
  const { key, inDoubt } = step
  const options = {
    ...(key === undefined ? {} : { key }),
    inDoubt: inDoubt === 'ask' ? (given: Step) => ask(actor, call, given) : inDoubt,
  }
  try {
    const value = await runStep(claim, step.name, (given) => execute(actor, call, given, inner), options)
    await end(actor, call, (value as Result | undefined)?.result ?? NO_RESULT)
    world.count('step', call.execution !== undefined ? 'done' : call.answered !== undefined ? 'answered' : 'skipped')
  } catch (error) {
    await end(actor, call, undefined)
    world.count('step', nameOf(error))
    throw error
  }
}

const end = async ({ world, invocation, run }: Actor, call: StepCall, result: number | undefined): Promise<void> => {
  if (!invocation.isAlive) return new Promise(() => {})
  const stored = storedUnder(world, run.claim, call.step.name)
  call.end = { ...happening(world), hostNow: hostNow(world, invocation), result, stored }
  const ending = (): string => (result === undefined ? 'is rejected' : `resolves with result ${result}`)
  say(world, invocation, () => `step ${call.step.name} ${ending()}`)
}

const nameOf = (error: unknown): string => {
  if (error instanceof ClaimLostError) return 'lost'
  if (error instanceof StepInDoubtError) return 'in doubt'
  return error instanceof NotDoneError ? 'not done' : 'failed'
}

/** The function of a step. */
const execute = (actor: Actor, call: StepCall, given: Step, inner: () => Promise<void>): Promise<Result> =>
  new Promise((resolve, reject) => {
    const { world, invocation, run } = actor
    if (!invocation.isAlive) return
    const { step } = call
    const execution: Execution = {
      number: ++world.results,
      downstreamKey: given.downstreamKey,
      start: { ...happening(world), hostNow: hostNow(world, invocation), knownLease: invocation.knownLease },
      stored: storedUnder(world, run.claim, step.name),
      end: undefined,
    }
    call.execution = execution
    if (run.end !== undefined) world.count('step', 'begins after its handler has ended')
    say(world, invocation, () => `step ${step.name} runs, for result ${execution.number}`)
    const finish = (how: StepDeed, error?: unknown): void => {
      if (execution.end !== undefined || !invocation.isAlive) return
      execution.end = { how, ...happening(world) }
      if (run.end !== undefined) world.count('step', 'outlives its handler')
      say(world, invocation, () => `step ${step.name} ends: ${how}`)
      if (how === 'done') resolve(resultOf(step, execution.number))
      else reject(error ?? (how === 'notDone' ? new NotDoneError('declined') : new RangeError('connection lost')))
    }
    obeySome(world, given.signal, () => finish('throws'))
    inner().then(
      () => work(actor, step, execution, finish),
      (error: unknown) => finish(error instanceof NotDoneError ? 'notDone' : 'throws', error),
    )
    pass(world, invocation)
  })

const resultOf = ({ isKeepable }: PlannedStep, result: number): Result =>
  isKeepable ? { result } : { result, huge: 1n }

/** Has the effect at a random time, and ends well or badly. */
const work = (
  { world, invocation, run, number }: Actor,
  step: PlannedStep,
  execution: Execution,
  finish: (how: StepDeed) => void,
): void => {
  const { random } = world
  const { downstreamKey } = execution
  const meant = drawDeed(world)
  const span = drawStepSpan(world, invocation)
  let heard: 'executed' | 'declined' | undefined
  if (step.charges && meant !== 'notDone')
    later(world, invocation, random.between(0, span), () => {
      if (execution.end !== undefined) return
      const key = step.key ?? step.name
      const inLease = hostNow(world, invocation) < invocation.knownLease
      say(world, invocation, () => `step ${step.name} charges under ${downstreamKey}`)
      order(world, { run, number, key, downstreamKey, inLease, hear: (answer) => (heard = answer) })
      pass(world, invocation)
    })
  later(world, invocation, span, () => {
    if (meant !== 'done' || !step.charges) finish(meant)
    else finish(heard === undefined ? 'throws' : heard === 'declined' ? 'notDone' : 'done')
  })
}

const drawDeed = ({ isCalm, profile, random }: World): StepDeed =>
  isCalm || !random.chance(profile.badDeeds / 2) ? 'done' : random.pick(['throws', 'throws', 'notDone'])

const obeySome = ({ random }: World, signal: AbortSignal, stop: () => void): void => {
  if (random.chance(0.3)) signal.addEventListener('abort', stop)
}

const STARTED = 7

const storedUnder = (world: World, { claimToken }: Claim, name: string): Stored => {
  const record = world.read()
  if (record?.status !== 'IN_PROGRESS' || record.claimToken !== claimToken) return undefined
  const entry = record.steps?.get(name)
  if (entry === undefined) return 'nothing'
  return entry[1] === STARTED ? 'mark' : 'result'
}

/** The `inDoubt` function: it asks the downstream, which may be slow or unreachable. */
const ask = (
  { world, invocation }: Actor,
  call: StepCall,
  { name, downstreamKey }: Step,
): Promise<StepDecision<Result>> =>
  new Promise((resolve, reject) => {
    const { isCalm, profile, random, timeline, downstream } = world
    pass(world, invocation)
    if (!invocation.isAlive) return
    call.isAsked = true
    say(world, invocation, () => `step ${name} asks about ${downstreamKey}`)
    const isSlow = !isCalm && random.chance(profile.faults.slowAnswer)
    const span = isSlow ? random.between(200, 35_000) : random.between(1, 20)
    timeline.after(random.between(1, span), () => {
      const isExecuted = downstream.executed.has(downstreamKey)
      later(world, invocation, span, () => {
        if (!isCalm && random.chance(profile.badDeeds / 4)) return reject(new RangeError('connection lost'))
        world.count('step asks', isExecuted ? 'done' : 'rerun')
        if (!isExecuted) return resolve({ rerun: true })
        call.answered = ++world.results
        resolve({ done: resultOf(call.step, call.answered) })
      })
    })
  })
