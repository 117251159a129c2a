import { createTell, type Observe, type Tell } from './events.ts'
import type { AbandonedPolicy } from './judge.ts'
import { isOperation } from './record-key.ts'
import { type Runtime, systemRuntime } from './runtime.ts'
import type { Store } from './store.ts'
import { fromSeconds, type Millis } from './time.ts'

/** The options that every entry shares. Times are in seconds. */
export interface CommonOptions {
  /** Where records live: `dynamoDbStore(…)`, or `memoryStore()` in tests. */
  readonly store: Store
  /** Name of the operation: 1 to 100 of `A-Z a-z 0-9 . _ -`. Two operations never share a record. */
  readonly operation: string
  /**
   * How long an outcome is replayed, in seconds; at least 1,501. Default 86,400 (a day).
   * After that the same key runs again.
   */
  readonly retentionSeconds?: number
  /**
   * What happens to a record whose owner crashed, threw or answered 5xx. `'rerun'` (default): the next retry with the
   * same payload runs again, with the same downstream keys. `'hold'`: no run; `outcome-unknown` until a person decides.
   */
  readonly abandoned?: AbandonedPolicy
  /**
   * Holds a short lease (`leaseSeconds`, 5 to 900) and renews it at a third of its length, instead of one lease for the
   * whole remaining time. Default: none on Lambda; 60 s elsewhere, where nothing says how long a run may take.
   */
  readonly heartbeat?: { readonly leaseSeconds: number }
  /**
   * The store cannot be reached. `'reject'` (default): no run, 503. `'dangerouslyRunUnprotected'`: the handler runs,
   * and a retry runs it again.
   */
  readonly storeDown?: 'reject' | 'dangerouslyRunUnprotected'
  /**
   * The handler is done, its outcome could not be written. `'answer'` (default): the caller gets the answer, marked
   * unstored. `'fail'`: the caller gets 503. Either way a retry is refused until the lease ends.
   */
  readonly unstored?: 'answer' | 'fail'
  /** Called with every event; must not throw, and does no harm if it does. */
  readonly observe?: Observe
  /** Clock, timers and randomness. For tests only; default: the system's. */
  readonly runtime?: Runtime
}

/** {@link CommonOptions}, checked, with defaults and units. */
export interface Settings {
  readonly store: Store
  readonly operation: string
  readonly retention: Millis
  readonly abandoned: AbandonedPolicy
  readonly lease: Millis | undefined
  readonly storeDown: 'reject' | 'dangerouslyRunUnprotected'
  readonly unstored: 'answer' | 'fail'
  readonly tell: Tell
  readonly runtime: Runtime
}

/** Says what is wrong with a value, or nothing where it is right. */
export type Rule = (value: unknown) => string | undefined
export type Rules = Readonly<Record<string, { readonly required?: boolean; readonly rule: Rule }>>

/** An option that cannot be right. Thrown when the handler is built, before any request. */
export class OptionError extends TypeError {
  override readonly name = 'OptionError'
  readonly option: string

  constructor(where: string, option: string, problem: string) {
    super(`${where}: option "${option}" ${problem}`)
    this.option = option
  }
}

/**
 * A day. Powertools keeps an hour, Stripe a day: a client that comes back after a night with a broken network must not
 * be charged again.
 */
const DEFAULT_RETENTION_SECONDS = 86_400

/**
 * The longest lease (900 s of Lambda, and 1 s) and 600 s: DynamoDB accepts a signed request for 5 minutes, so a delayed
 * duplicate can surface that late, and it must find the record it belongs to.
 */
export const MIN_RETENTION_SECONDS = 1_501

/** 100 years: beyond it a number is surely in another unit. */
const MAX_RETENTION_SECONDS = 3_153_600_000

export const oneOf =
  (...choices: readonly string[]): Rule =>
  (value) =>
    choices.includes(value as string)
      ? undefined
      : `must be one of ${choices.map((choice) => `"${choice}"`).join(', ')}`

export const integerBetween =
  (least: number, most: number): Rule =>
  (value) =>
    Number.isInteger(value) && (value as number) >= least && (value as number) <= most
      ? undefined
      : `must be an integer from ${least} to ${most}`

export const aFunction: Rule = (value) => (typeof value === 'function' ? undefined : 'must be a function')

const STORE_METHODS = ['claim', 'takeOver', 'renew', 'settle', 'peek', 'outcomeRoom'] as const

export const aStore: Rule = (value) =>
  isObject(value) && STORE_METHODS.every((method) => typeof value[method] === 'function')
    ? undefined
    : 'must be a store, such as dynamoDbStore({ tableName })'

const anOperation: Rule = (value) =>
  isOperation(value) ? undefined : 'must be 1 to 100 characters of A-Z a-z 0-9 . _ -'

const aHeartbeat: Rule = (value) => {
  if (!isObject(value) || Object.keys(value).join() !== 'leaseSeconds') return 'must be { leaseSeconds }'
  const problem = integerBetween(5, 900)(value.leaseSeconds)
  return problem === undefined ? undefined : `must be { leaseSeconds }, and leaseSeconds ${problem}`
}

export const COMMON_RULES: Rules = {
  store: { required: true, rule: aStore },
  operation: { required: true, rule: anOperation },
  retentionSeconds: { rule: integerBetween(MIN_RETENTION_SECONDS, MAX_RETENTION_SECONDS) },
  abandoned: { rule: oneOf('rerun', 'hold') },
  heartbeat: { rule: aHeartbeat },
  storeDown: { rule: oneOf('reject', 'dangerouslyRunUnprotected') },
  unstored: { rule: oneOf('answer', 'fail') },
  observe: { rule: aFunction },
  runtime: {
    rule: (value) => (isObject(value) && typeof value.now === 'function' ? undefined : 'must be a Runtime'),
  },
}

/** Refuses unknown options, missing ones, and values that break their rule. */
export const checkOptions = (where: string, given: unknown, rules: Rules): void => {
  if (!isObject(given)) throw new OptionError(where, 'options', `is ${shown(given)}; it must be an object`)
  for (const [option, value] of Object.entries(given)) {
    const known = Object.hasOwn(rules, option) ? rules[option] : undefined
    if (known === undefined) {
      throw new OptionError(where, option, `is not known; the options are ${Object.keys(rules).join(', ')}`)
    }
    if (value === undefined && known.required !== true) continue
    const problem = known.rule(value)
    if (problem !== undefined) throw new OptionError(where, option, `is ${shown(value)}; it ${problem}`)
  }
  for (const [option, { required, rule }] of Object.entries(rules)) {
    if (required && !Object.hasOwn(given, option))
      throw new OptionError(where, option, `is missing; it ${rule(undefined)}`)
  }
}

export const readSettings = (
  options: CommonOptions,
  defaultRetentionSeconds: number = DEFAULT_RETENTION_SECONDS,
): Settings => ({
  store: options.store,
  operation: options.operation,
  retention: fromSeconds(options.retentionSeconds ?? defaultRetentionSeconds),
  abandoned: options.abandoned ?? 'rerun',
  lease: options.heartbeat === undefined ? undefined : fromSeconds(options.heartbeat.leaseSeconds),
  storeDown: options.storeDown ?? 'reject',
  unstored: options.unstored ?? 'answer',
  tell: createTell(options.observe),
  runtime: options.runtime ?? systemRuntime,
})

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

/** A value as it may stand in a message: scalars as they are, everything else by its type. */
const shown = (value: unknown): string => {
  if (typeof value === 'string') return `"${value}"`
  if (value === null || typeof value !== 'object') return typeof value === 'function' ? 'a function' : String(value)
  return Array.isArray(value) ? 'an array' : 'an object'
}
