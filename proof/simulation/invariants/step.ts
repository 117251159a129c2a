import { EffectError } from '../../../lib/core/errors.ts'
import type { InProgressRecord, Steps } from '../../../lib/core/record/record.ts'
import type { Execution, Run, StepCall, Write } from '../history.ts'
import { deadlineOf } from './lease.ts'
import { isFaultless } from './progress.ts'
import { type CalledStep, firstOf, type Invariant, isClaimWrite, type Story } from './story.ts'

type ExecutedStep = CalledStep & { readonly call: StepCall & { readonly execution: Execution } }

const executedIn = ({ steps }: Story): readonly ExecutedStep[] =>
  steps.filter((called): called is ExecutedStep => called.call.execution !== undefined)

const about = ({ run, call }: Pick<CalledStep, 'run' | 'call'>): string =>
  `step ${call.step.name} of ${run.claim.claimToken}`

/** The owner begins no step whose result its generation had kept when its claim was won, or that it has kept itself. */
export const beginsNothingKept: Invariant = (story) =>
  firstOf(executedIn(story), (executed) => {
    const { run, call } = executed
    if (call.execution.stored === 'result') return `${about(executed)} ran, although the record had its result`
    return isResult(stepsTakenOver(story, run)?.get(call.step.name))
      ? `${about(executed)} ran, although an earlier attempt had kept its result`
      : undefined
  })

/** What the record held that the claim took over, if it is of the same generation. */
const stepsTakenOver = (story: Story, { claim }: Run): Steps | undefined => {
  const before = story.claimWrite(claim.claimToken)?.before
  return before?.status === 'IN_PROGRESS' && before.generation === claim.generation ? before.steps : undefined
}

const MARK = 7

const isResult = (entry: Uint8Array | undefined): boolean => entry !== undefined && entry[1] !== MARK

/** A step is skipped only if its own generation has done it. It always resolves with the result of that. */
export const skipsOnlyTheDone: Invariant = (story) => {
  const places = new Map<number, string>()
  for (const { call, place } of story.steps) {
    const result = resultOf(call)
    if (result !== undefined) places.set(result, place)
  }
  for (const { about, place } of decidedIn(story)) if (about.result !== undefined) places.set(about.result, place)
  return firstOf(story.steps, (called) => {
    const { call, place } = called
    const result = call.end?.result
    if (result === undefined) return undefined
    if (call.execution !== undefined || call.answered !== undefined)
      return resultOf(call) === result ? undefined : `${about(called)} resolved with another result than its own`
    return places.get(result) === place ? undefined : `${about(called)} was skipped, and its generation has not done it`
  })
}

type Decision = Extract<Write, { by: 'operator' }> & { readonly about: { readonly step: string } }

/** What persons said about steps, with the place of the step. */
const decidedIn = ({ writes, incarnations }: Story): readonly (Decision & { readonly place: string })[] =>
  writes.flatMap((write, index) =>
    write.by === 'operator' && write.about !== undefined
      ? [{ ...(write as Decision), place: `${incarnations[index]}/${write.after?.generation}/${write.about.step}` }]
      : [],
  )

/** The number of the result that the call itself got; `undefined` if it got none. */
const resultOf = ({ execution, answered }: StepCall): number | undefined =>
  execution === undefined ? answered : execution.end?.how === 'done' ? execution.number : undefined

/** A step has one downstream key in its generation. No other step has it, and no other generation of the record. */
export const oneKeyAStep: Invariant = (story) => {
  const keys = new Map<string, string>()
  const owners = new Map<string, string>()
  return firstOf(executedIn(story), (executed) => {
    const { place, call, incarnation } = executed
    const { downstreamKey } = call.execution
    const owned = `${incarnation}/${downstreamKey}`
    if ((keys.get(place) ?? downstreamKey) !== downstreamKey) return `${about(executed)} got another downstream key`
    if ((owners.get(owned) ?? place) !== place) return `${about(executed)} got the downstream key of another step`
    keys.set(place, downstreamKey)
    owners.set(owned, place)
    return undefined
  })
}

/**
 * With `inDoubt: 'stop'` a step begins with its mark in the record, and at most once in a generation. It may run again
 * in the same attempt after it ended in `NotDoneError`, and once more after a person has said that it was not done.
 */
export const stopsAfterOne: Invariant = (story) => {
  const first = new Map<string, ExecutedStep>()
  const reruns = decidedIn(story).filter(({ act }) => act === 'rerunStep')
  return firstOf(executedIn(story), (executed) => {
    const { run, call, place } = executed
    if (call.step.inDoubt !== 'stop') return undefined
    if (call.execution.stored === 'nothing') return `${about(executed)} ran without its mark`
    const before = first.get(place)
    first.set(place, executed)
    const isAllowed = (since: number): boolean =>
      reruns.some((rerun) => rerun.place === place && rerun.order > since && rerun.order < call.start.order)
    return before === undefined ||
      (before.run === run && before.call.execution.end?.how === 'notDone') ||
      isAllowed(before.call.execution.start.order)
      ? undefined
      : `${about(executed)} ran a second time in its generation`
  })
}

/** An `inDoubt` function is asked only if an earlier call may have acted. A step that it answers as done does not run. */
export const asksInDoubt: Invariant = ({ steps }) =>
  firstOf(steps, (called) => {
    const { run, call } = called
    const isFirst = run.steps.find(({ step }) => step === call.step) === call
    if (call.isAsked && isFirst && run.claim.attempt === run.claim.generation)
      return `${about(called)} asked about a step that nothing can have begun`
    return call.answered !== undefined && call.execution !== undefined
      ? `${about(called)} ran, although the downstream had done it`
      : undefined
  })

/** No step begins after the lease has lapsed on its host's clock. */
export const stepsStartInTime: Invariant = (story) =>
  firstOf(executedIn(story), (executed) => {
    const { hostNow, knownLease } = executed.call.execution.start
    return hostNow < knownLease ? undefined : `${about(executed)} began after its lease`
  })

/** Once the store has refused a checkpoint, no step of that claim begins, and none resolves as if it were kept. */
export const lostStepsStop: Invariant = (story) =>
  firstOf(story.steps, (called) => {
    const { run, call } = called
    const lost = lossOf(story, run)
    if (lost === undefined) return undefined
    if (!story.aborts.some(({ claim }) => claim.claimToken === run.claim.claimToken))
      return `${run.claim.claimToken} was lost, and its signal did not abort`
    if (call.execution !== undefined && call.execution.start.order > lost)
      return `${about(called)} began after its claim was lost`
    return call.step.isKeepable && call.end?.result !== undefined && call.end.order > lost
      ? `${about(called)} resolved after its claim was lost`
      : undefined
  })

const lossOf = ({ losses }: Story, { claim }: Run): number | undefined =>
  losses.find((loss) => loss.claim.claimToken === claim.claimToken)?.order

/** The caller of a run that a step has stopped gets the stored outcome or a refusal of the layer. */
export const answersTheStopped: Invariant = ({ answers }) =>
  firstOf(answers, ({ result, invocation }) =>
    result.kind === 'threw' && result.error instanceof EffectError
      ? `invocation ${invocation} threw the error of a step that the layer had stopped`
      : undefined,
  )

/** A claim ends after its steps: none is under way when its settlement is sent, and none begins after that. */
export const settlesAfterSteps: Invariant = (story) =>
  firstOf(executedIn(story), (executed) => {
    const { run, call } = executed
    const { end } = call.execution
    const stop = end?.order ?? run.died?.order ?? Number.POSITIVE_INFINITY
    const settled = settlementOf(story, run)
    return settled !== undefined && settled.sent < stop
      ? `${about(executed)} ran while its claim was settled`
      : undefined
  })

const settlementOf = ({ writes }: Story, { claim }: Run): Extract<Write, { by: 'settle' | 'commit' }> | undefined =>
  writes.find(
    (write): write is Extract<Write, { by: 'settle' | 'commit' }> =>
      (write.by === 'settle' || write.by === 'commit') && write.claim.claimToken === claim.claimToken,
  )

/** A step that has done its work resolves, unless its claim is lost, and an abandon keeps its result. */
export const keepsTheDone: Invariant = (story) =>
  firstOf(story.steps, (called) => {
    const { run, call } = called
    if (resultOf(call) === undefined) return undefined
    if (call.end !== undefined && call.end.result === undefined && lossOf(story, run) === undefined)
      return `${about(called)} was rejected after it had done its work`
    const after = settlementOf(story, run)?.after
    if (!call.step.isKeepable || after?.status !== 'IN_PROGRESS') return undefined
    return isResult(after.steps?.get(call.step.name)) ? undefined : `${about(called)} was abandoned without its result`
  })

/** Without faults, and with time for it, a step resolves only after its result is in the record. */
export const keepsBeforeItResolves: Invariant = (story) => {
  if (!isFaultless(story)) return undefined
  return firstOf(story.steps, (called) => {
    const { call, run } = called
    const { end } = call
    if (!call.step.isKeepable || end?.result === undefined || end.stored === undefined) return undefined
    const deadline = deadlineOf(story, run.invocation) ?? Number.POSITIVE_INFINITY
    return end.stored === 'result' || end.hostNow + TIME_TO_KEEP > deadline
      ? undefined
      : `${about(called)} resolved before its result was kept`
  })
}

/** What a checkpoint takes without faults, and what it leaves for the settlement. */
const TIME_TO_KEEP = 300

/** A checkpoint writes only to a record in progress under its own claim. */
export const checkpointsItsOwn: Invariant = ({ writes }) =>
  firstOf(writes, ({ before, ...write }) => {
    if (write.by !== 'checkpoint') return undefined
    const { claimToken } = write.claim
    if (before?.claimToken !== claimToken) return `${claimToken} kept a step in the record of ${before?.claimToken}`
    return before.status === 'IN_PROGRESS' ? undefined : `${claimToken} kept a step in a ${before.status} record`
  })

/** A mark that arrives after its claim was abandoned is refused: it would stop the next attempt for ever. */
export const marksUnderLease: Invariant = ({ writes }) =>
  firstOf(writes, ({ before, after, by }) => {
    if (by !== 'checkpoint' || before?.status !== 'IN_PROGRESS' || before.leaseExpiresAt !== undefined) return undefined
    const steps = after?.status === 'IN_PROGRESS' ? [...(after.steps ?? [])] : []
    const marked = steps.find(([name, entry]) => !isResult(entry) && before.steps?.has(name) !== true)
    return marked === undefined ? undefined : `step ${marked[0]} of ${before.claimToken} was marked after its abandon`
  })

/** Within a generation no write drops a step, and none replaces a result. A take-over carries all. */
export const stepsOnlyGrow: Invariant = (story) =>
  firstOf(story.writes, (write, index) => {
    const { before, after, by } = write
    if (before?.status !== 'IN_PROGRESS' || after?.status !== 'IN_PROGRESS') return undefined
    const isSame = before.generation === after.generation && story.incarnations[index] === story.incarnations[index - 1]
    const decided = by === 'operator' && write.act === 'rerunStep' ? write.about?.step : undefined
    const changed = isSame ? changedStep(before, after, decided) : undefined
    return changed === undefined ? undefined : `the ${by} of ${after.claimToken} dropped or replaced step ${changed}`
  })

/** `decided`: a person has removed the mark of this step. */
const changedStep = (
  { steps: before = new Map() }: InProgressRecord,
  { steps: after }: InProgressRecord,
  decided: string | undefined,
) => {
  for (const [name, entry] of before) {
    const now = after?.get(name)
    if (now === undefined && name === decided && !isResult(entry)) continue
    if (now === undefined || (isResult(entry) && Buffer.compare(now, entry) !== 0)) return name
  }
  return undefined
}

/** A completion, a release and a new generation leave no steps. */
export const endsWithoutSteps: Invariant = ({ writes }) =>
  firstOf(writes, (write) => {
    const { before, after, by, leavesSteps } = write
    const isNew = by === 'nextGeneration' || (isClaimWrite(write) && before?.status !== 'IN_PROGRESS')
    return leavesSteps && (isNew || after?.status !== 'IN_PROGRESS')
      ? `the ${by} of ${after?.claimToken} left steps in the record`
      : undefined
  })
