import { checkOptions, isObject, OptionError, oneOf, type Rule, type Rules, shown } from '../core/option-rules.ts'

const WHERE = 'checkHistory(history)'

const aList: Rule = (value) => (Array.isArray(value) ? undefined : 'must be an array')

const aText: Rule = (value) => (typeof value === 'string' ? undefined : 'must be a string')

const aTime: Rule = (value) => (Number.isFinite(value) ? undefined : 'must be a finite number of epoch milliseconds')

const aSpan: Rule = (value) =>
  typeof value === 'number' && value > 0 ? undefined : 'must be a number of milliseconds above 0'

const anAttempt: Rule = (value) =>
  Number.isInteger(value) && (value as number) >= 1
    ? undefined
    : 'must be an integer from 1, or undefined where it ran unprotected'

const HISTORY: Rules = {
  operations: { required: true, rule: aList },
  runs: { required: true, rule: aList },
  settled: { rule: aList },
  retention: { rule: aSpan },
}

const OPERATION: Rules = {
  client: { required: true, rule: aText },
  key: { required: true, rule: aText },
  calledAt: { required: true, rule: aTime },
  answeredAt: { required: true, rule: aTime },
}

const ANSWER: Rules = { kind: { required: true, rule: oneOf('value', 'refused', 'threw', 'none') } }
const VALUE: Rules = { status: { required: true, rule: oneOf('created', 'replayed', 'unstored', 'unprotected') } }

const RUN: Rules = {
  key: { required: true, rule: aText },
  attempt: { rule: anAttempt },
  startedAt: { required: true, rule: aTime },
  endedAt: { rule: aTime },
  lapsedAt: { rule: aTime },
  ended: { required: true, rule: oneOf('returned', 'threw', 'died', 'running') },
}

const SETTLED: Rules = { key: { required: true, rule: aText } }

/** Refuses a value that is not a history. A time that is not a number would compare as false, and break no rule. */
export const checkIsHistory = (given: unknown): void => {
  checkOptions(WHERE, given, HISTORY)
  const { operations, runs, settled } = given as Readonly<Record<string, readonly unknown[]>>
  each('operations', operations, (at, operation) => {
    const { calledAt, answeredAt, answer } = checkMembers(at, operation, OPERATION)
    inOrder(at, 'calledAt', calledAt, 'answeredAt', answeredAt)
    const { kind } = checkMembers(`${at}.answer`, answer, ANSWER)
    if (kind === 'value') checkMembers(`${at}.answer`, answer, VALUE)
  })
  each('runs', runs, (at, run) => {
    const { startedAt, endedAt } = checkMembers(at, run, RUN)
    inOrder(at, 'startedAt', startedAt, 'endedAt', endedAt)
  })
  each('settled', settled, (at, value) => checkMembers(at, value, SETTLED))
}

const each = (list: string, records: readonly unknown[] = [], check: (at: string, record: unknown) => void): void => {
  for (const [index, record] of records.entries()) check(`${list}[${index}]`, record)
}

/** Members without a rule are allowed: they belong to the user. */
const checkMembers = (at: string, record: unknown, rules: Rules): Record<string, unknown> => {
  if (!isObject(record)) throw new OptionError(WHERE, at, `is ${shown(record)}; it must be an object`)
  for (const [member, { required, rule }] of Object.entries(rules)) {
    const value = record[member]
    const problem = value === undefined && required !== true ? undefined : rule(value)
    if (problem !== undefined) throw new OptionError(WHERE, `${at}.${member}`, `is ${shown(value)}; it ${problem}`)
  }
  return record
}

const inOrder = (at: string, first: string, from: unknown, second: string, to: unknown): void => {
  if (to !== undefined && (to as number) < (from as number))
    throw new OptionError(WHERE, `${at}.${second}`, `is ${to}; it must not be before ${first}, which is ${from}`)
}
