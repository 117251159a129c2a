/**
 * The defaults and bounds of all public options, each with its unit in its name. Nothing else defines them: the
 * entries, the stores and the CDK constructs read them here. Budgets of the lifecycle are in `lifecycle/budget.ts`.
 */

// What AWS sets.

/** The longest timeout of a Lambda function. */
export const MAX_INVOCATION_SECONDS = 900

/** 400 KB, attribute names included: the largest item that DynamoDB stores. */
export const MAX_ITEM_BYTES = 409_600

/** 6 MB: the largest answer that Lambda takes from a function. */
export const MAX_LARGE_ANSWER_BYTES: number = 6 * 1_024 * 1_024

/** DynamoDB charges a write by 1 KB units, and a begun unit in full. */
export const WRITE_UNIT_BYTES = 1_024

// The operation.

/** `operation`. No `#`, which ends the operation in a record key, and no `*` or `?`, which IAM reads as wildcards. */
export const OPERATION: RegExp = /^[A-Za-z0-9._-]{1,100}$/

// Leases.

/** Lambda kills a function up to 0.7 s after its deadline, so a lease ends a whole second after the deadline. */
export const KILL_MARGIN_SECONDS = 1

/**
 * `heartbeat.leaseSeconds`. The slowest claim uses 2 s of its lease, and a renewal gets a third of it: at 5 s, 1.7 s.
 */
export const MIN_LEASE_SECONDS = 5
export const MAX_LEASE_SECONDS: number = MAX_INVOCATION_SECONDS

/**
 * The lease on a host that does not end its invocations at a deadline. After a crash a retry waits at most this long,
 * and a renewal every 20 s costs little.
 */
export const DEFAULT_LEASE_SECONDS = 60

// Effects in doubt.

/**
 * `rerunWithinSeconds`: less than a minute leaves no time for a retry, and no service remembers its keys for a year.
 */
export const MIN_RERUN_WITHIN_SECONDS = 60
export const MAX_RERUN_WITHIN_SECONDS = 31_536_000

/** `withinSeconds` of `reconcile`: the default leaves time for the run within the 29 s of API Gateway. */
export const DEFAULT_RECONCILE_SECONDS = 10
export const MAX_RECONCILE_SECONDS = 60

/** `retryAfterSeconds` of an `unknown` answer. After half a day a person should decide. */
export const MAX_RECONCILE_RETRY_SECONDS = 43_200

/**
 * The pause after an `unknown` answer without `retryAfterSeconds`. It doubles after each one, up to the second number.
 */
export const FIRST_RECONCILE_PAUSE_SECONDS = 5
export const MAX_RECONCILE_PAUSE_SECONDS = 600

/** Items of a transaction: DynamoDB takes 100, and the record is one of them. */
export const MAX_TRANSACT_ITEMS = 99

/** Steps of one record, and all their results together. An item has room for 400 KB, of which the answer needs most. */
export const MAX_STEPS = 64
export const MAX_STEP_BYTES = 65_536

// Persons.

/** How long an override may be open: long enough for a weekend. */
export const MAX_OVERRIDE_SECONDS = 604_800

/** Entries of `audit`: about 120 bytes each. */
export const MAX_AUDIT_ENTRIES = 20

// Retention.

/**
 * A day. Powertools keeps an hour, Stripe a day: a client that comes back after a night with a broken network must not
 * be charged again.
 */
export const DEFAULT_RETENTION_SECONDS = 86_400

/** For SQS, 15 days: SQS keeps a message for at most 14, so its last redelivery still finds the record. */
export const DEFAULT_SQS_RETENTION_SECONDS = 1_296_000

/**
 * For streams, 15 days. `MaximumRecordAgeInSeconds` is at most 7 days, and Kafka keeps records for 7 days by default, so
 * the last redelivery still finds the record.
 */
export const DEFAULT_STREAM_RETENTION_SECONDS = 1_296_000

/**
 * DynamoDB accepts a signed request up to five minutes late, and either clock may be five minutes off. A duplicate
 * write can arrive that late, and must find the record that it belongs to.
 */
export const LATE_WRITE_SECONDS = 600

/** The longest lease (901 s) and the latest write: 1,501 s. */
export const MIN_RETENTION_SECONDS: number = MAX_INVOCATION_SECONDS + KILL_MARGIN_SECONDS + LATE_WRITE_SECONDS

/** 100 years: a larger number is in another unit. */
export const MAX_RETENTION_SECONDS = 3_153_600_000

// Stores.

/** `skewSeconds`. Hosts that synchronise their clocks differ by far less than a second: 2 s are a wide margin. */
export const DEFAULT_SKEW_SECONDS = 2

/** More means a broken clock, and every retry would wait that much longer. */
export const MAX_SKEW_SECONDS = 60

/**
 * The layer's own clients send a call twice, and wait 900 ms for each answer: both attempts end within the 2 s that a
 * claim has. The AWS SDK's defaults wait without bound.
 */
export const MAX_ATTEMPTS = 2
export const ANSWER_TIMEOUT_MILLIS = 900
export const CONNECTION_TIMEOUT_MILLIS = 1_000

/** `cached`: 8 MB is a small part of the smallest usual function (128 MB). */
export const DEFAULT_CACHE_BYTES = 8_388_608
export const DEFAULT_CACHE_ENTRIES = 1_000
export const MAX_CACHE_ENTRIES = 1_000_000

/** What a record's strings, numbers and objects take in memory besides its outcome, in round figures. */
export const CACHED_RECORD_BYTES = 500

// HTTP.

/** `methods`: the other methods are safe to repeat. */
export const METHODS = ['POST', 'PATCH', 'PUT', 'DELETE'] as const

/** PUT and DELETE are idempotent by definition (RFC 9110, section 9.2.2), so they are protected on request only. */
export const DEFAULT_METHODS = ['POST', 'PATCH'] as const

/**
 * `inProgress.waitSeconds`: API Gateway gives up after 29 or 30 s. A client that waits longer than 25 may not get the
 * answer.
 */
export const MIN_WAIT_SECONDS = 1
export const MAX_WAIT_SECONDS = 25

/** draft-ietf-httpapi-idempotency-key-header-07 names no bound; 255 characters is Stripe's, which clients know. */
export const MAX_KEY_LENGTH = 255

/** Middy's own default for the option of this name. */
export const DEFAULT_TIMEOUT_EARLY_IN_MILLIS = 5
export const MAX_TIMEOUT_EARLY_IN_MILLIS: number = MAX_INVOCATION_SECONDS * 1_000

// SQS.

/** The default batch size of an event source mapping: a usual batch takes as long as its slowest message. */
export const DEFAULT_CONCURRENCY = 10

/** Each message makes its own requests: with many more than the client's 50 connections they would time out waiting. */
export const MAX_CONCURRENCY = 100

/**
 * Lambda tries an asynchronous event three times too. That is enough for a passing fault, and below the five receives
 * that AWS advises for `maxReceiveCount`: the record has the reason before the message reaches the dead-letter queue.
 */
export const DEFAULT_MAX_RUNS = 3

/** AWS recommends this for an event source: Lambda can retry a throttled function while the batch is still hidden. */
export const TIMEOUTS_PER_VISIBILITY = 6

/** AWS recommends at least five, so that throttling does not send good messages to the dead-letter queue. */
export const LEAST_MAX_RECEIVE_COUNT = 5

/** SQS allows a `maxReceiveCount` of 1,000, and the layer must find poison before that. */
export const MAX_MAX_RUNS = 999

export const MAX_MARGIN_SECONDS: number = MAX_INVOCATION_SECONDS

/**
 * The default of `marginSeconds` is a share of the invocation's time, within two bounds: a function with a short
 * timeout has to start messages too, and one with a long timeout need not stop early.
 */
export const DEFAULT_MARGIN_SHARE: number = 1 / 3
export const MIN_DEFAULT_MARGIN_MILLIS = 500
export const MAX_DEFAULT_MARGIN_MILLIS = 5_000

// Webhooks.

/** `retentionSeconds` of a webhook is this much longer than its sender may deliver an event again. */
export const RETENTION_MARGIN_SECONDS = 86_400

/**
 * `retentionSeconds` of a consumer behind `webhookToQueue`, 45 days: no sender here delivers an event again after more than
 * 30 (Stripe), SQS keeps that delivery for at most 14, and a day is the margin.
 */
export const QUEUED_WEBHOOK_RETENTION_SECONDS = 3_888_000

/** What Standard Webhooks, Stripe and Slack all advise. */
export const DEFAULT_TOLERANCE_SECONDS = 300

/** A delivery may be this late or this early, and the shortest retention is longer than both together. */
export const MAX_TOLERANCE_SECONDS = 600

// Metrics.

/** The namespace of `emfMetrics`, and of the alarms and the dashboard that watch it. */
export const DEFAULT_NAMESPACE = 'LambdaOnce'

/** `dimensions` of `emfMetrics`. */
export const MAX_DIMENSIONS = 8
