import { createEmitter, type Observer } from './events.ts'
import { isOperation } from './identity/record-key.ts'
import type { AbandonedChoice, Predecessor } from './lifecycle/reconciliation.ts'
import {
  DEFAULT_RETENTION_SECONDS,
  LATE_WRITE_SECONDS,
  MAX_LEASE_SECONDS,
  MAX_RERUN_WITHIN_SECONDS,
  MAX_RETENTION_SECONDS,
  MAX_WAIT_SECONDS,
  MIN_LEASE_SECONDS,
  MIN_RERUN_WITHIN_SECONDS,
  MIN_RETENTION_SECONDS,
  MIN_WAIT_SECONDS,
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
import type { Store } from './record/store.ts'
import { type Runtime, systemRuntime } from './runtime.ts'
import type { Settings } from './settings.ts'
import { fromSeconds, type Millis } from './time.ts'

/**
 * The options that `once`, `idempotent`, `idempotency`, `sqsHandler` and the handlers of streams share. All times are in seconds. Options that
 * cannot be right throw `OptionError` at once.
 */
export interface CommonOptions<TSubject = never> {
  /**
   * Where the records are kept: `dynamoDbStore(…)` or `leanDynamoDbStore(…)`; `memoryStore()` in tests.
   * @example
   * store: dynamoDbStore({ tableName: process.env.IDEMPOTENCY_TABLE })
   */
  readonly store: Store
  /**
   * Name of the operation: 1 to 100 characters of `A-Z a-z 0-9 . _ -`. Two operations never share a record.
   * @example
   * operation: 'payments'
   */
  readonly operation: string
  /**
   * How long an outcome is replayed, in seconds: an integer from 1,501 to 3,153,600,000 (100 years). After that, the
   * same key runs again. To allow the same request again sooner, give it a new key.
   * @default 86_400 (a day); for `sqsHandler` and the handlers of streams 1_296_000 (15 days)
   */
  readonly retentionSeconds?: number | undefined
  /**
   * What happens to a record whose owner crashed, threw or answered 5xx. `'rerun'`: the next retry with the same
   * payload runs again, with the same downstream keys. `'hold'`: nothing runs, and retries get `outcome-unknown` (409),
   * until a person decides. `reconcile(ask)` from `lambda-once/effects`: your function asks the downstream first, and
   * retries get `outcome-pending` (409) until it decides.
   * @default 'rerun'
   */
  readonly abandoned?: AbandonedChoice<TSubject> | undefined
  /**
   * How long after the first run of a generation an abandoned record may run again, in seconds: an integer from 60 to
   * 31,536,000 (a year). Set it to the time for which your downstream remembers its idempotency keys, less a margin. A
   * run starts only if it can end within that time. After it, an abandoned record is held (`outcome-unknown`), or your
   * reconcile function is asked. At most `retentionSeconds`. Not together with `abandoned: 'hold'`.
   * @default none: an abandoned record may run again until it expires
   * @example
   * rerunWithinSeconds: 82_800 // Stripe v1 remembers its keys for at least 24 h
   */
  readonly rerunWithinSeconds?: number | undefined
  /**
   * Takes a short lease and renews it after each third of its length until the outcome is stored, instead of one lease
   * for the whole remaining time. A retry after a crash then waits for `leaseSeconds` only: an integer from 5 to 900.
   * No lease ends later than 1 s after the deadline.
   * @default none on Lambda. Elsewhere `{ leaseSeconds: 60 }`, renewed until 60 s after the end of the context's
   * remaining time, or for 900 s without a context
   * @example
   * heartbeat: { leaseSeconds: 30 }
   */
  readonly heartbeat?: { readonly leaseSeconds: number } | undefined
  /**
   * What happens if the store cannot be reached. `'reject'`: nothing runs, and the caller gets
   * `idempotency-unavailable` (503). `'dangerouslyRunUnprotected'`: the handler runs without a claim, and a retry runs
   * it again. It does not run if the store has already reported another run of this key during this call. Not together
   * with `abandoned: 'hold'`.
   * @default 'reject'
   */
  readonly storeDown?: 'reject' | 'dangerouslyRunUnprotected' | undefined
  /**
   * What happens if the handler has run, but its outcome could not be written. `'answer'`: the caller gets the answer,
   * marked as unstored. `'fail'`: the caller gets `idempotency-unavailable` (503). Either way, retries are refused
   * until the lease ends.
   * @default 'answer'
   */
  readonly unstored?: 'answer' | 'fail' | undefined
  /**
   * Where the operation's records were kept before this layer: `powertoolsTable(…)` from `lambda-once/migrate`. A claim
   * that would run looks there first, and replays what is stored there. Not together with `storeDown:
   * 'dangerouslyRunUnprotected'`.
   * @default none
   */
  readonly predecessor?: Predecessor<TSubject> | undefined
  /**
   * Called with every event. An error that it throws is ignored.
   * @default none; events are always published on the diagnostics channel `lambda-once`
   * @example
   * observe: emfMetrics()
   */
  readonly observe?: Observer | undefined
  /**
   * Clock, timers and randomness, for tests.
   * @default the system's
   */
  readonly runtime?: Runtime | undefined
}

const TOO_SHORT =
  `a delayed write can arrive up to ${LATE_WRITE_SECONDS} s after the longest lease of ` +
  `${MIN_RETENTION_SECONDS - LATE_WRITE_SECONDS} s, and must find its record. ` +
  'To allow the same request again sooner, give it a new key'

/** It forgets them within the new record's window, and a run after that would repeat the effect. */
const KEYS_REMEMBERED =
  'the next record of a key sends the same downstream keys, and the downstream must have forgotten them by then'

const aRetention: Rule = (value) => {
  const problem = integerBetween(MIN_RETENTION_SECONDS, MAX_RETENTION_SECONDS)(value)
  return typeof value === 'number' && value < MIN_RETENTION_SECONDS ? `${problem}: ${TOO_SHORT}` : problem
}

const STORE_METHODS = [
  'claim',
  'takeOver',
  'renew',
  'nextGeneration',
  'checkpoint',
  'commit',
  'settle',
  'peek',
  'outcomeRoom',
] as const

/** Without a number for the skew, every lease would count as ended. */
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

const anAbandonedChoice: Rule = (value) =>
  value === 'rerun' || value === 'hold' || (isObject(value) && typeof value.decider === 'function')
    ? undefined
    : 'must be "rerun", "hold", or reconcile(ask)'

/** What a request does while another with its key runs. */
export type WaitChoice = 'reject' | { readonly waitSeconds: number }

export const aWaitChoice: Rule = (value) =>
  value === 'reject' ||
  integerBetween(MIN_WAIT_SECONDS, MAX_WAIT_SECONDS)(onlyMember(value, 'waitSeconds')) === undefined
    ? undefined
    : `must be "reject", or { waitSeconds } with an integer from ${MIN_WAIT_SECONDS} to ${MAX_WAIT_SECONDS}`

export const waitOf = (choice: WaitChoice | undefined): Millis | undefined =>
  typeof choice === 'object' ? fromSeconds(choice.waitSeconds) : undefined

const aPredecessor: Rule = (value) =>
  isObject(value) && typeof value.lookInto === 'function' ? undefined : 'must be powertoolsTable(…)'

export const COMMON_RULES: Rules = {
  store: { required: true, rule: aStore },
  operation: { required: true, rule: anOperation },
  retentionSeconds: { rule: aRetention },
  abandoned: { rule: anAbandonedChoice },
  rerunWithinSeconds: { rule: integerBetween(MIN_RERUN_WITHIN_SECONDS, MAX_RERUN_WITHIN_SECONDS) },
  heartbeat: { rule: aHeartbeat },
  storeDown: { rule: oneOf('reject', 'dangerouslyRunUnprotected') },
  unstored: { rule: oneOf('answer', 'fail') },
  predecessor: { rule: aPredecessor },
  observe: { rule: aFunction },
  runtime: { rule: aClock },
}

/** Each of `options` has passed its rule. Throws {@link OptionError} if two of them contradict each other. */
export const readSettings = (
  where: string,
  options: CommonOptions,
  defaultRetentionSeconds: number = DEFAULT_RETENTION_SECONDS,
): Settings => {
  const { abandoned = 'rerun', predecessor, storeDown, rerunWithinSeconds } = options
  if (storeDown === 'dangerouslyRunUnprotected' && (predecessor !== undefined || abandoned !== 'rerun')) {
    const policy = abandoned === 'hold' ? '"hold"' : 'reconcile(ask)'
    const under = predecessor === undefined ? `under abandoned: ${policy}` : 'with a predecessor'
    throw new OptionError(where, 'storeDown', `is "dangerouslyRunUnprotected"; it must be "reject" ${under}`)
  }
  if (abandoned === 'hold' && rerunWithinSeconds !== undefined) {
    const rule = `is ${rerunWithinSeconds}; it must be absent under abandoned: "hold", which runs nothing again`
    throw new OptionError(where, 'rerunWithinSeconds', rule)
  }
  const { retentionSeconds: kept = defaultRetentionSeconds } = options
  if (rerunWithinSeconds !== undefined && rerunWithinSeconds > kept) {
    const byDefault = options.retentionSeconds === undefined ? ' by default' : ''
    const rule = `is ${rerunWithinSeconds}; it must be at most retentionSeconds (${kept}${byDefault}): ${KEYS_REMEMBERED}`
    throw new OptionError(where, 'rerunWithinSeconds', rule)
  }
  return settingsOf(options, defaultRetentionSeconds)
}

const settingsOf = (options: CommonOptions, defaultRetentionSeconds: number): Settings => ({
  store: options.store,
  operation: options.operation,
  retention: fromSeconds(options.retentionSeconds ?? defaultRetentionSeconds),
  abandoned: typeof options.abandoned === 'object' ? 'ask' : (options.abandoned ?? 'rerun'),
  rerunWithin: options.rerunWithinSeconds === undefined ? undefined : fromSeconds(options.rerunWithinSeconds),
  lease: options.heartbeat === undefined ? undefined : fromSeconds(options.heartbeat.leaseSeconds),
  storeDown: options.storeDown ?? 'reject',
  unstored: options.unstored ?? 'answer',
  emit: createEmitter(options.observe),
  runtime: options.runtime ?? systemRuntime,
})
