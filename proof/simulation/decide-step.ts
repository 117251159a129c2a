import { keptValue } from '../../lib/core/outcome/step-result.ts'
import type { InProgressRecord } from '../../lib/core/record/record.ts'
import type { DecideStepOptions, StepAnswer } from '../../lib/operator/decide-step.ts'
import type { Run } from './history.ts'
import type { World } from './world.ts'

const REASON = 'asked the provider'

/** What a person finds out about a step in doubt; `undefined` if no step is, or it cannot be known yet. */
export const findingOf = (world: World): DecideStepOptions | undefined => {
  const record = world.read()
  if (record?.status !== 'IN_PROGRESS') return undefined
  const step = [...(record.steps ?? [])].find(([, entry]) => keptValue(entry) === undefined)?.[0]
  const decision = step === undefined ? undefined : answerOf(world, record, step)
  if (step === undefined || decision === undefined) return undefined
  return { step, decision, reason: REASON, despiteLiveLease: true }
}

/** It was not done, and can no longer happen, only once each run of the generation has gone. */
const answerOf = (world: World, record: InProgressRecord, step: string): StepAnswer | undefined => {
  const runs = world.runs.filter(({ claim }) => isOf(record, claim))
  if (runs.some((run) => hasDone(world, run, step))) return { done: { result: ++world.results } }
  return runs.every(hasGone) ? { rerun: true } : undefined
}

const isOf = ({ createdAt, generation }: InProgressRecord, claim: Run['claim']): boolean =>
  claim.createdAt === createdAt && claim.generation === generation

const hasDone = ({ downstream }: World, { steps }: Run, name: string): boolean =>
  steps.some(
    ({ step, execution }) =>
      step.name === name &&
      execution !== undefined &&
      (step.charges ? downstream.executed.has(execution.downstreamKey) : execution.end?.how === 'done'),
  )

const hasGone = ({ died, end, steps }: Run): boolean =>
  died !== undefined || (end !== undefined && steps.every((call) => call.end !== undefined))
