import { isDeepStrictEqual as equal, inspect } from 'node:util'
import type { History, Operation, Run } from './history.ts'
import { checkIsHistory } from './history-rules.ts'

export type HistoryRule = keyof typeof RULES

export interface Violation {
  readonly rule: HistoryRule
  readonly key: string
  /** What happened, as a sentence. */
  readonly message: string
}

/** Everything that happened to one key. */
interface KeyHistory {
  readonly key: string
  readonly operations: readonly Operation[]
  /** Oldest first. */
  readonly runs: readonly Run[]
  /** Operations that were answered with a value, of any status. */
  readonly valued: readonly Valued[]
  /** Those whose status says that the value is stored, in the order of their answers. */
  readonly stored: readonly Valued[]
  /** The values in the store at the end. `undefined`: not checked. */
  readonly settled: readonly unknown[] | undefined
  readonly retention: number
}

interface Valued {
  readonly operation: Operation
  readonly value: unknown
  readonly status: 'created' | 'replayed' | 'unstored' | 'unprotected'
  /** The runs that may have returned this value: one, if each run has a different value. */
  readonly sources: readonly Run[]
}

/** Returns a sentence for each violation. */
type Check = (history: KeyHistory) => readonly string[]

/**
 * Checks whether a history fits one write-once register per key, which runs of a handler fill. Returns every violation. An
 * empty list says something about this history only.
 *
 * Throws `OptionError` if the value is not a history, such as a time that is not a number.
 */
export const checkHistory = (history: History): readonly Violation[] => {
  checkIsHistory(history)
  return byKey(history).flatMap((ofKey) =>
    Object.entries(RULES).flatMap(([rule, check]) =>
      check(ofKey).map((message) => ({ rule: rule as HistoryRule, key: ofKey.key, message })),
    ),
  )
}

/** A key has one answer within one retention. */
const oneAnswer: Check = ({ stored, retention }) =>
  stored.flatMap((answer, at) => {
    const other = stored
      .slice(0, at)
      .find(
        (earlier) => !equal(earlier.value, answer.value) && isWithin(retention, earlier, answer.operation.answeredAt),
      )
    return other === undefined ? [] : [`${describeAnswer(answer)}, after ${describeAnswer(other)}`]
  })

const fromARun: Check = ({ valued }) =>
  valued
    .filter(({ sources }) => sources.length === 0)
    .map((answer) => `${describeAnswer(answer)}, which no run returned`)

const afterItsRun: Check = ({ valued }) =>
  valued
    .filter(
      ({ operation, sources }) =>
        sources.length > 0 && sources.every(({ startedAt }) => startedAt > operation.answeredAt),
    )
    .map((answer) => `${describeAnswer(answer)}, before the run that returned it had started`)

const forItsPayload: Check = ({ valued }) =>
  valued
    .filter(
      ({ operation, sources }) =>
        sources.length > 0 && sources.every(({ payload }) => !equal(payload, operation.payload)),
    )
    .map((answer) => `${describeAnswer(answer)}, the value of another payload`)

const reusedBySomebody: Check = ({ operations }) =>
  operations
    .filter(
      ({ answer, payload, answeredAt }) =>
        answer.kind === 'refused' &&
        answer.code === 'key-reused' &&
        !operations.some((other) => !equal(other.payload, payload) && other.calledAt <= answeredAt),
    )
    .map(
      ({ client, answeredAt }) => `${client} was refused by key-reused at ${answeredAt}, and no other payload was sent`,
    )

const noRunAfterAnswer: Check = ({ runs, stored, retention }) =>
  runs.filter(isProtected).flatMap((run) => {
    const answer = stored.find(
      (earlier) => earlier.operation.answeredAt < run.startedAt && isWithin(retention, earlier, run.startedAt),
    )
    return answer === undefined ? [] : [`${describeRun(run)} started, after ${describeAnswer(answer)}`]
  })

/** A key has one run, and one more for each run that failed. */
const noNeedlessRun: Check = ({ runs, valued, retention }) => {
  const lasting = runs.filter((run) => isProtected(run) && !hasFailed(run, valued))
  return lasting.flatMap((run, at) => {
    const before = lasting
      .slice(0, at)
      .find((older) => !hasLapsed(older, run.startedAt, valued) && run.startedAt < older.startedAt + retention)
    return before === undefined
      ? []
      : [`${describeRun(run)} started, and ${describeRun(before)} had neither failed nor lapsed`]
  })
}

const oneAtATime: Check = ({ runs }) =>
  runs.filter(isProtected).flatMap((run, at, all) => {
    const other = all.slice(0, at).find((older) => isOwnedAt(older, run.startedAt))
    return other === undefined
      ? []
      : [`${describeRun(run)} started while ${describeRun(other)} was running under its lease`]
  })

const storedAsAnswered: Check = ({ stored, settled, runs, retention }) => {
  if (settled === undefined) return []
  const end = Math.max(...stored.map(({ operation }) => operation.answeredAt))
  const gone = stored.filter(
    (answer) => isWithin(retention, answer, end) && !settled.some((held) => equal(held, answer.value)),
  )
  const foreign = settled.filter((held) => !runs.some(({ value }) => equal(held, value)))
  return [
    ...gone.map((answer) => `${describeAnswer(answer)}; the store holds ${settled.map(formatValue).join() || 'none'}`),
    ...foreign.map((held) => `the store holds ${formatValue(held)}, which no run returned`),
  ]
}

const RULES: {
  readonly [rule in
    | 'one-answer'
    | 'from-a-run'
    | 'after-its-run'
    | 'for-its-payload'
    | 'reused-by-somebody'
    | 'no-run-after-answer'
    | 'no-needless-run'
    | 'one-at-a-time'
    | 'stored-as-answered']: Check
} = {
  'one-answer': oneAnswer,
  'from-a-run': fromARun,
  'after-its-run': afterItsRun,
  'for-its-payload': forItsPayload,
  'reused-by-somebody': reusedBySomebody,
  'no-run-after-answer': noRunAfterAnswer,
  'no-needless-run': noNeedlessRun,
  'one-at-a-time': oneAtATime,
  'stored-as-answered': storedAsAnswered,
}

const isProtected = ({ attempt }: Run): boolean => attempt !== undefined

/** True only if it is certain: an outcome settles after its run has started, and stays for at least its retention. */
const isWithin = (retention: number, { operation, sources }: Valued, at: number): boolean =>
  at < Math.min(operation.answeredAt, ...sources.map(({ startedAt }) => startedAt)) + retention

/** After such a run another run is correct. A run that returned has failed if its outcome may not be stored. */
const hasFailed = (run: Run, valued: readonly Valued[]): boolean =>
  run.ended === 'threw' ||
  run.ended === 'died' ||
  valued.some(({ status, sources }) => status === 'unstored' && sources.includes(run))

/** A run may return in time and lose its claim before the outcome is stored. A run with a stored outcome has not lapsed. */
const hasLapsed = (run: Run, at: number, valued: readonly Valued[]): boolean =>
  run.lapsedAt !== undefined &&
  run.lapsedAt <= at &&
  !valued.some(({ status, sources }) => (status === 'created' || status === 'replayed') && sources.includes(run))

const isOwnedAt = ({ ended, endedAt, lapsedAt }: Run, at: number): boolean => {
  const over = endedAt ?? (ended === 'running' ? Number.POSITIVE_INFINITY : 0)
  return at < over && at < (lapsedAt ?? Number.POSITIVE_INFINITY)
}

const byKey = ({ operations, runs, settled, retention = Number.POSITIVE_INFINITY }: History): readonly KeyHistory[] => {
  const operationsOf = groupByKey(operations)
  const runsOf = groupByKey(runs)
  const settledOf = groupByKey(settled ?? [])
  return [...new Set([...operationsOf.keys(), ...runsOf.keys(), ...settledOf.keys()])].map((key) => {
    const ofKey = operationsOf.get(key) ?? []
    const itsRuns = (runsOf.get(key) ?? []).toSorted((a, b) => a.startedAt - b.startedAt)
    const valued = ofKey.flatMap((operation) => valuedOf(operation, itsRuns))
    return {
      key,
      operations: ofKey,
      runs: itsRuns,
      valued,
      stored: valued
        .filter(({ status }) => status === 'created' || status === 'replayed')
        .toSorted((a, b) => a.operation.answeredAt - b.operation.answeredAt),
      settled: settled === undefined ? undefined : (settledOf.get(key) ?? []).map(({ value }) => value),
      retention,
    }
  })
}

/** `Map.groupBy` needs Node.js 21. */
const groupByKey = <T extends { readonly key: string }>(all: readonly T[]): ReadonlyMap<string, readonly T[]> => {
  const groups = new Map<string, T[]>()
  for (const each of all) {
    const group = groups.get(each.key)
    if (group === undefined) groups.set(each.key, [each])
    else group.push(each)
  }
  return groups
}

const valuedOf = (operation: Operation, runs: readonly Run[]): readonly Valued[] => {
  const { answer } = operation
  if (answer.kind !== 'value') return []
  const { value, status } = answer
  const sources = runs.filter((run) => run.ended !== 'threw' && equal(run.value, value))
  return [{ operation, value, status, sources }]
}

/** JSON cannot hold every value. */
const formatValue = (value: unknown): string => {
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return inspect(value)
  }
}

const describeAnswer = ({ operation, value, status }: Valued): string =>
  `${operation.client} was answered ${formatValue(value)} (${status}) at ${operation.answeredAt}`

const describeRun = ({ attempt, startedAt, value }: Run): string =>
  `the run of attempt ${attempt ?? 'none'} (${formatValue(value)}, from ${startedAt})`
