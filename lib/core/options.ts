import { createEmitter, type Observer } from './events.ts'
import { isOperation } from './identity/record-key.ts'
import {
  DEFAULT_RETENTION_SECONDS,
  LATE_WRITE_SECONDS,
  MAX_LEASE_SECONDS,
  MAX_RETENTION_SECONDS,
  MIN_LEASE_SECONDS,
  MIN_RETENTION_SECONDS,
} from './limits.ts'
import {
  aFunction,
  integerBetween,
  isObject,
  OptionError,
  oneOf,
  onlyMember,
  type Rule,
  type Rules,
} from './option-rules.ts'
import type { AbandonedPolicy } from './record/judge.ts'
import type { Store } from './record/store.ts'
import { type Runtime, systemRuntime } from './runtime.ts'
import type { Settings } from './settings.ts'
import { fromSeconds } from './time.ts'

/** The options that every entry shares. Times are in seconds. */
export interface CommonOptions {
  /** Where records live: `dynamoDbStore(…)`, or `memoryStore()` in tests. */
  readonly store: Store
  /** Name of the operation: 1 to 100 of `A-Z a-z 0-9 . _ -`. Two operations never share a record. */
  readonly operation: string
  /**
   * How long an outcome is replayed, in seconds; at least 1,501. Default 86,400 (a day).
   * After that the same key runs again. To allow the same request again sooner, give it a new key.
   */
  readonly retentionSeconds?: number | undefined
  /**
   * What happens to a record whose owner crashed, threw or answered 5xx. `'rerun'` (default): the next retry with the
   * same payload runs again, with the same downstream keys. `'hold'`: no run; `outcome-unknown` until a person decides.
   */
  readonly abandoned?: AbandonedPolicy | undefined
  /**
   * Holds a short lease (`leaseSeconds`, 5 to 900) and renews it at a third of its length until the outcome is stored,
   * instead of one lease for the whole remaining time. No lease ends later than 1 s after the deadline. Default: none on
   * Lambda. Elsewhere 60 s; the renewals end with the context's remaining time and 60 s, or after 900 s without a context.
   */
  readonly heartbeat?: { readonly leaseSeconds: number } | undefined
  /**
   * The store cannot be reached. `'reject'` (default): no run, 503. `'dangerouslyRunUnprotected'`: the handler runs,
   * and a retry runs it again; but not where the store has just told of another run of the same key.
   */
  readonly storeDown?: 'reject' | 'dangerouslyRunUnprotected' | undefined
  /**
   * The handler is done, its outcome could not be written. `'answer'` (default): the caller gets the answer, marked
   * unstored. `'fail'`: the caller gets 503. Either way a retry is refused until the lease ends.
   */
  readonly unstored?: 'answer' | 'fail' | undefined
  /** Called with every event; must not throw, and does no harm if it does. */
  readonly observe?: Observer | undefined
  /** Clock, timers and randomness. For tests only; default: the system's. */
  readonly runtime?: Runtime | undefined
}

const TOO_SHORT =
  `a delayed write can arrive up to ${LATE_WRITE_SECONDS} s after the longest lease of ${MIN_RETENTION_SECONDS - LATE_WRITE_SECONDS} s, ` +
  'and must find its record. To allow the same request again sooner, give it a new key'

const aRetention: Rule = (value) => {
  const problem = integerBetween(MIN_RETENTION_SECONDS, MAX_RETENTION_SECONDS)(value)
  return typeof value === 'number' && value < MIN_RETENTION_SECONDS ? `${problem}: ${TOO_SHORT}` : problem
}

const STORE_METHODS = ['claim', 'takeOver', 'renew', 'settle', 'peek', 'outcomeRoom'] as const

/** Without a number for the skew every lease would count as over. */
export const aStore: Rule = (value) =>
  isObject(value) &&
  STORE_METHODS.every((method) => typeof value[method] === 'function') &&
  Number.isFinite(value.skew) &&
  (value.skew as number) >= 0
    ? undefined
    : 'must be a store, such as dynamoDbStore({ tableName })'

export const aClock: Rule = (value) =>
  isObject(value) &&
  typeof value.now === 'function' &&
  (value.monotonic === undefined || typeof value.monotonic === 'function')
    ? undefined
    : 'must be a Runtime, with a function now; monotonic, where it has one, is a function too'

const anOperation: Rule = (value) =>
  isOperation(value) ? undefined : 'must be 1 to 100 characters of A-Z a-z 0-9 . _ -'

const aHeartbeat: Rule = (value) => {
  const problem = integerBetween(MIN_LEASE_SECONDS, MAX_LEASE_SECONDS)(onlyMember(value, 'leaseSeconds'))
  return problem === undefined ? undefined : `must be { leaseSeconds }, and leaseSeconds ${problem}`
}

export const COMMON_RULES: Rules = {
  store: { required: true, rule: aStore },
  operation: { required: true, rule: anOperation },
  retentionSeconds: { rule: aRetention },
  abandoned: { rule: oneOf('rerun', 'hold') },
  heartbeat: { rule: aHeartbeat },
  storeDown: { rule: oneOf('reject', 'dangerouslyRunUnprotected') },
  unstored: { rule: oneOf('answer', 'fail') },
  observe: { rule: aFunction },
  runtime: { rule: aClock },
}

/** `options` have passed their rules one by one; here they are looked at together. */
export const readSettings = (
  where: string,
  options: CommonOptions,
  defaultRetentionSeconds: number = DEFAULT_RETENTION_SECONDS,
): Settings => {
  if (options.abandoned === 'hold' && options.storeDown === 'dangerouslyRunUnprotected') {
    throw new OptionError(
      where,
      'storeDown',
      'is "dangerouslyRunUnprotected"; it must be "reject" under abandoned: "hold"',
    )
  }
  return settingsOf(options, defaultRetentionSeconds)
}

const settingsOf = (options: CommonOptions, defaultRetentionSeconds: number): Settings => ({
  store: options.store,
  operation: options.operation,
  retention: fromSeconds(options.retentionSeconds ?? defaultRetentionSeconds),
  abandoned: options.abandoned ?? 'rerun',
  lease: options.heartbeat === undefined ? undefined : fromSeconds(options.heartbeat.leaseSeconds),
  storeDown: options.storeDown ?? 'reject',
  unstored: options.unstored ?? 'answer',
  emit: createEmitter(options.observe),
  runtime: options.runtime ?? systemRuntime,
})
