import { ClaimLostError, StepInDoubtError, StepNotStartedError } from '../core/errors.ts'
import { aboutClaim, aboutRecord } from '../core/events.ts'
import { checkpointBudget, timeForSteps } from '../core/lifecycle/budget.ts'
import type { Step, StepCall, StepLog } from '../core/lifecycle/effects.ts'
import { type HeldClaim, hasLapsed, lose } from '../core/lifecycle/held-claim.ts'
import { MAX_STEP_BYTES, MAX_STEPS } from '../core/limits.ts'
import { isObject } from '../core/option-rules.ts'
import { NotDoneError } from '../core/outcome/handler-errors.ts'
import {
  asReplayed,
  encodeOutcome,
  type OutcomeRoom,
  outcomeIsReplayable,
  outcomeOf,
  type UnavailableReason,
} from '../core/outcome/outcome.ts'
import { keptValue, STARTED } from '../core/outcome/step-result.ts'
import { isInDoubt } from '../core/record/claim.ts'
import type { HandlerClaim } from '../core/record/handler-claim.ts'
import type { Checkpoint } from '../core/record/store.ts'
import { DeadlinePassed } from '../core/runtime.ts'
import type { Settings } from '../core/settings.ts'
import { checkpointOf } from '../dynamodb/effects/checkpoint.ts'
import { tryTwice } from './try-twice.ts'

/** The last call of a step in this attempt. */
type Call = 'called' | 'failed' | 'notDone'

/** The steps of one run of a claim. A step runs again unless its result was kept. */
export const createStepLog = (settings: Settings, held: HeldClaim): StepLog => {
  const { runtime, emit } = settings
  const { claim, request } = held
  /** What this generation has kept, with the marks, also where the record does not have it yet. */
  const entries = new Map(claim.steps)
  const unsaved = new Map<string, Uint8Array>()
  /** The names that were called in this attempt. */
  const calls = new Map<string, Call>()
  let follows = claim.steps !== undefined
  let isLost = false
  let running = 0
  let effects = 0
  const whenIdle: (() => void)[] = []

  /** Nothing starts at the same time as the next claim's handler. */
  const assertHeld = (): void => {
    if (hasLapsed(held)) throw new ClaimLostError()
  }

  const call = (name: string): void => {
    assertHeld()
    if (calls.get(name) === 'called')
      throw new TypeError(`step(claim, name, run): "${name}" was called before in this attempt`)
    const names = new Set([...entries.keys(), ...calls.keys()])
    if (!names.has(name) && names.size >= MAX_STEPS)
      throw new TypeError(`step(claim, name, run): at most ${MAX_STEPS} steps; "${name}" is one more`)
  }

  const run = async <T>(stepCall: StepCall<T>): Promise<T> => {
    const { name } = stepCall
    call(name)
    const earlier = calls.get(name)
    calls.set(name, 'called')
    running++
    try {
      return await perform(stepCall, earlier)
    } catch (error) {
      calls.set(name, error instanceof NotDoneError ? 'notDone' : 'failed')
      throw error
    } finally {
      running--
      if (running === 0) for (const resolve of whenIdle.splice(0)) resolve()
    }
  }

  const perform = async <T>(stepCall: StepCall<T>, earlier: Call | undefined): Promise<T> => {
    const { name, options } = stepCall
    const kept = keptValue(entries.get(name))
    if (kept !== undefined) return kept.value as T
    const step = new GivenStep(stepCall)
    if (options.inDoubt === 'stop') await start(name, earlier === 'notDone')
    else if (typeof options.inDoubt === 'function' && (isInDoubt(claim) || earlier === 'failed')) {
      const decision: unknown = await options.inDoubt(step)
      if (!isObject(decision) || 'done' in decision === (decision.rerun === true))
        throw new TypeError('step(claim, name, run, { inDoubt }): inDoubt must answer { done } or { rerun: true }')
      if ('done' in decision) return keep(name, (await decision.done) as T)
    }
    assertHeld()
    return keep(name, await execute(stepCall, step))
  }

  /** A step that ends in `NotDoneError` has no effect, so it does not count. */
  const execute = async <T>({ run }: StepCall<T>, step: Step): Promise<T> => {
    effects++
    try {
      return await run(step)
    } catch (error) {
      if (error instanceof NotDoneError) effects--
      throw error
    }
  }

  /** Marks the step before its effect. Without an acknowledged mark nothing runs. */
  const start = async (name: string, wasNotDone: boolean): Promise<void> => {
    if (entries.has(name) && !wasNotDone) {
      emit(() => ({ type: 'outcomeUnknown', ...aboutRecord(claim.recordKey) }))
      throw new StepInDoubtError()
    }
    if (entries.has(name)) return
    const isMarked = await inTurn(() => write({ steps: new Map([[name, STARTED]]), isNew: true, follows }))
    if (isLost) throw new ClaimLostError()
    if (!isMarked) throw new StepNotStartedError()
    entries.set(name, STARTED)
  }

  const keep = async <T>(name: string, value: T): Promise<T> => {
    const outcome = outcomeOf(value)
    const entry = encodeOutcome(outcome, roomFor(name))
    if (!outcomeIsReplayable(entry)) {
      const reason: UnavailableReason = outcome.kind === 'unavailable' ? outcome.reason : 'too-large'
      emit(() => ({ type: 'stepNotKept', ...aboutClaim(claim), reason }))
      return asReplayed(outcome, value)
    }
    entries.set(name, entry)
    unsaved.set(name, entry)
    await save()
    if (isLost) throw new ClaimLostError()
    return asReplayed(outcome, value)
  }

  /** Each later write of the item is charged for the steps too, so what counts is the size of all of it. */
  const roomFor = (name: string): OutcomeRoom => {
    const { besideBytes: itemBytes, unitBytes } = settings.store.outcomeRoom(claim)
    let besideBytes = itemBytes + Buffer.byteLength(name)
    for (const [other, entry] of entries) if (other !== name) besideBytes += Buffer.byteLength(other) + entry.length
    return { besideBytes, unitBytes, maxBytes: itemBytes + MAX_STEP_BYTES }
  }

  let last: Promise<unknown> = Promise.resolve()
  /** One write at a time. */
  const inTurn = <T>(act: () => Promise<T>): Promise<T> => {
    const turn = last.then(act)
    last = turn.catch(() => undefined)
    return turn
  }

  let next: Promise<void> | undefined
  /** Results that arrive during a write share the next one. */
  const save = (): Promise<void> => {
    next ??= inTurn(async () => {
      next = undefined
      const batch = new Map(unsaved)
      // The effect is done, so a write that fails is no error: the results go with the next write.
      if (await write({ steps: batch, follows })) for (const name of batch.keys()) unsaved.delete(name)
    })
    return next
  }

  /** Whether the record has these steps now. */
  const write = async (kept: Omit<Checkpoint, 'dynamoDb'>): Promise<boolean> => {
    const budget = () => checkpointBudget(request.now(), request.deadline)
    runtime.probe?.('before-checkpoint')
    const answer = await tryTwice(settings, claim, 'checkpoint', budget, (signal) =>
      settings.store.checkpoint(claim, checkpointOf(kept), signal),
    )
    runtime.probe?.('after-checkpoint')
    if (answer?.kind === 'lost') {
      isLost = true
      lose(held)
    }
    if (answer?.kind === 'kept') follows = true
    return answer?.kind === 'kept'
  }

  const idle = (): Promise<void> => new Promise((resolve) => whenIdle.push(resolve))

  const end = async (): Promise<boolean> => {
    while (running > 0) {
      const span = timeForSteps(request.now(), request.deadline)
      if (span === undefined) await idle()
      else if (span <= 0 || !(await isIdleWithin(span))) return false
    }
    held.effects.hasEnded = true
    return true
  }

  const isIdleWithin = async (span: Parameters<typeof runtime.withDeadline>[0]): Promise<boolean> => {
    try {
      await runtime.withDeadline(span, idle)
      return true
    } catch (error) {
      if (error instanceof DeadlinePassed) return false
      throw error
    }
  }

  return {
    run,
    end,
    hasRun: () => effects > 0,
    isIdle: () => running === 0,
    unsaved: () => (unsaved.size === 0 ? undefined : checkpointOf({ steps: new Map(unsaved), follows })),
  }
}

/** As in a claim, all steps share one getter: otherwise each step would stay in memory until a full garbage collection. */
class GivenStep implements Step {
  readonly name: string
  readonly downstreamKey: string
  declare readonly signal: AbortSignal
  readonly #claim: HandlerClaim

  constructor({ name, options, claim }: StepCall<unknown>) {
    this.name = name
    this.downstreamKey = claim.downstreamKey(options.key ?? name)
    this.#claim = claim
    Object.defineProperty(this, 'signal', SIGNAL)
  }

  static signalOf(step: GivenStep): AbortSignal {
    return step.#claim.signal
  }
}

/** The claim makes its signal when it is first read. */
const SIGNAL: PropertyDescriptor & ThisType<GivenStep> = {
  enumerable: true,
  get() {
    return GivenStep.signalOf(this)
  },
}
