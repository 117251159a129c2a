import type { StoredRecord } from '../../core/record/record.ts'
import type { OperatorAnswer, StepAnswer } from '../../operator/index.ts'
import { httpAnswerProblem } from '../../operator/operator-answer.ts'
import { type Answer, UsageError } from '../answer.ts'
import type { ExtendFlags, LeaseFlags, ReleaseFlags, SettleFlags, StepFlags, WriteFlags } from '../flags.ts'
import type { Io } from '../io.ts'
import { act, reasonToWrite } from './act.ts'
import { readJson } from './read-json.ts'
import { recordKeyFrom } from './record-key.ts'

export const settle = async (flags: SettleFlags, io: Io): Promise<Answer> => {
  const reason = reasonToWrite(flags, io)
  const { status, retentionSeconds, despiteLiveLease = false } = flags
  const recordKey = recordKeyFrom(flags)
  const answer = await answerFrom(flags)
  return act(flags, io, {
    recordKey,
    meaning: () => [
      'Settle it: every retry gets the answer that you gave, until the record expires.',
      ...leaseRisk(flags),
    ],
    write: (operator, seen) =>
      operator.settle(seen, {
        answer,
        reason,
        retentionSeconds,
        despiteLiveLease,
        ...(status === undefined ? {} : { status }),
      }),
  })
}

export const release = async (flags: ReleaseFlags, io: Io): Promise<Answer> => {
  const reason = reasonToWrite(flags, io)
  const { retentionSeconds, despiteLiveLease = false, forgetSuccess = false, forgetSteps = false } = flags
  return act(flags, io, {
    recordKey: recordKeyFrom(flags),
    meaning: (seen) => [
      'Release it: the next request runs the effect, with new downstream keys.',
      ...(seen.status === 'SUCCEEDED' ? ['It succeeded before, so the effect then happens a second time.'] : []),
      ...stepsForgotten(seen),
      ...leaseRisk(flags),
    ],
    write: (operator, seen) =>
      operator.release(seen, { reason, retentionSeconds, despiteLiveLease, forgetSuccess, forgetSteps }),
  })
}

const stepsForgotten = (seen: StoredRecord): readonly string[] =>
  seen.status === 'IN_PROGRESS' && seen.steps !== undefined
    ? [`It forgets the steps, done or not, and each runs again: ${[...seen.steps.keys()].join(', ')}.`]
    : []

const leaseRisk = ({ despiteLiveLease }: LeaseFlags): readonly string[] =>
  despiteLiveLease ? ['If its owner is still running, its effect may still happen, and its outcome is lost.'] : []

export const step = async (flags: StepFlags, io: Io): Promise<Answer> => {
  const reason = reasonToWrite(flags, io)
  const { step: name, despiteLiveLease = false } = flags
  if (name === undefined) throw new UsageError('say which step: --step NAME; inspect shows the names')
  const recordKey = recordKeyFrom(flags)
  const decision = await decisionFrom(flags)
  return act(flags, io, {
    recordKey,
    meaning: () => [
      'done' in decision
        ? `Keep the result of step ${name}: the next retry skips it, and goes on with the steps after it.`
        : `Let step ${name} run again: the next retry runs it, with the same downstream key.`,
      "Under abandoned: 'hold', and once rerunWithinSeconds is over, no retry runs: settle the record there.",
      ...leaseRisk(flags),
    ],
    write: (operator, seen) => operator.decideStep(seen, { step: name, decision, reason, despiteLiveLease }),
  })
}

const decisionFrom = async ({ done, rerun }: StepFlags): Promise<StepAnswer> => {
  if (done !== undefined) return { done: await readJson('--done', done) }
  if (rerun === true) return { rerun: true }
  throw new UsageError('say what became of the step: --done FILE with its result, or --rerun if it was not done')
}

export const extend = async (flags: ExtendFlags, io: Io): Promise<Answer> => {
  const reason = reasonToWrite(flags, io)
  const { retentionSeconds } = flags
  if (retentionSeconds === undefined) throw new UsageError('say how long: --retention-seconds COUNT')
  return act(flags, io, {
    recordKey: recordKeyFrom(flags),
    meaning: () => [`Keep it for ${retentionSeconds} seconds from now: retries get its answer for that long.`],
    write: (operator, seen) => operator.extend(seen, { reason, retentionSeconds }),
  })
}

export const approve = async (flags: WriteFlags, io: Io): Promise<Answer> => {
  const reason = reasonToWrite(flags, io)
  return act(flags, io, {
    recordKey: recordKeyFrom(flags),
    meaning: ({ override }) => [
      `Approve it: the payload ${override?.fingerprint} runs once under this key.`,
      'Its outcome then replaces the one of the record, and the payload of the record is refused (key-reused).',
    ],
    write: (operator, seen) => operator.approve(seen, { reason }),
  })
}

export const withdraw = async (flags: WriteFlags, io: Io): Promise<Answer> => {
  const reason = reasonToWrite(flags, io)
  return act(flags, io, {
    recordKey: recordKeyFrom(flags),
    meaning: () => ['Withdraw the override: only the payload of the record may use the key.'],
    write: (operator, seen) => operator.withdraw(seen, { reason }),
  })
}

const answerFrom = async ({ answer, value, factOnly }: SettleFlags): Promise<OperatorAnswer> => {
  if (answer !== undefined) return { http: httpAnswer(await readJson('--answer', answer)) }
  if (value !== undefined) return { value: await readJson('--value', value) }
  if (factOnly === true) return 'none'
  throw new UsageError('say what every retry gets: --answer FILE for HTTP, --value FILE for once, --fact-only for SQS')
}

type HttpAnswer = Extract<OperatorAnswer, { http: unknown }>['http']

const httpAnswer = (given: unknown): HttpAnswer => {
  const problem = httpAnswerProblem(given)
  if (problem !== undefined) throw new UsageError(`--answer: ${problem}`)
  return given as HttpAnswer
}
