import { ClaimLostError, IdempotencyError, StepInDoubtError } from '../../lib/core/errors.ts'
import { NotDoneError } from '../../lib/core/outcome/handler-errors.ts'
import { type Deed, isNothingDone, isOutcome } from './deed.ts'
import type { Actor, Finish } from './handler-end.ts'
import { drawStepSpan } from './handler-span.ts'
import { later } from './invocation.ts'
import type { Plan, PlannedStep } from './plan.ts'
import { callStep } from './step-call.ts'

interface Meant {
  readonly plan: Plan
  /** How the handler ends if no step fails. */
  readonly deed: Deed
  readonly finish: Finish
}

/** The handler calls the steps of the plan, and ends as they allow. */
export const actInSteps = async (actor: Actor, { plan, deed, finish }: Meant): Promise<void> => {
  try {
    await callSteps(actor, stepsBefore(actor, plan, deed), plan.shape)
    await pause(actor)
    finish(deed)
  } catch (error) {
    if (error instanceof IdempotencyError) finish('stopped', error)
    else finish(deedAfter(actor, error))
  }
}

/** An outcome needs all steps. A handler may state without any that nothing is done, and may fail after any of them. */
const stepsBefore = ({ world: { random } }: Actor, { steps }: Plan, deed: Deed): readonly PlannedStep[] => {
  if (isOutcome(deed)) return steps
  const isSaidFirst = deed === 'notDone' || (isNothingDone(deed) && random.chance(0.4))
  return isSaidFirst ? [] : steps.slice(0, random.between(1, steps.length))
}

export const callSteps = async (actor: Actor, steps: readonly PlannedStep[], shape: Plan['shape']): Promise<void> => {
  const [first, ...others] = steps
  if (first === undefined) return
  switch (shape) {
    case 'nested':
      return persist(actor, first, () => callSteps(actor, others, shape))
    case 'parallel':
      await Promise.all(steps.map((step) => persist(actor, step, nothing)))
      return
    case 'series':
      await persist(actor, first, nothing)
      if (others.length > 0) await pause(actor)
      return callSteps(actor, others, shape)
  }
}

const nothing = (): Promise<void> => Promise.resolve()

/** Some handlers call a step that failed a second time. */
const persist = async (actor: Actor, step: PlannedStep, inner: () => Promise<void>): Promise<void> => {
  try {
    await callStep(actor, step, inner)
  } catch (error) {
    const isFinal = error instanceof ClaimLostError || error instanceof StepInDoubtError
    if (isFinal || !actor.world.random.chance(0.3)) throw error
    actor.world.count('step', 'called again')
    await callStep(actor, step, nothing)
  }
}

const pause = ({ world, invocation }: Actor): Promise<void> =>
  new Promise((resolve) => {
    later(world, invocation, drawStepSpan(world, invocation), resolve)
  })

/** Only a handler whose steps have all ended without an effect may state that nothing was done. */
export const deedAfter = ({ world: { random }, run }: Actor, error: unknown): Deed => {
  const isUndone = run.steps.every(
    ({ execution, answered, end }) =>
      end !== undefined &&
      end.result === undefined &&
      answered === undefined &&
      (execution === undefined || execution.end?.how === 'notDone'),
  )
  if (error instanceof NotDoneError && isUndone) return random.pick(['refused', 'notDone', 'clientError'])
  return random.pick(['throws', 'failed', 'refused', 'clientError', 'downstreamError'])
}
