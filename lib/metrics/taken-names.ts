import type { IdempotencyEvent } from '../core/events.ts'
import type { CLAIM_LATENCY } from './emf-line.ts'

type MembersOf<T> = T extends unknown ? keyof T : never

const MEMBERS: Readonly<Record<MembersOf<IdempotencyEvent>, true>> = {
  type: true,
  operation: true,
  recordKey: true,
  attempt: true,
  generation: true,
  claimMillis: true,
  reason: true,
  retryAfterSeconds: true,
  status: true,
  replayable: true,
  lastError: true,
  gone: true,
  step: true,
  error: true,
  messageId: true,
  part: true,
  decision: true,
  act: true,
  by: true,
}

const METRICS: Readonly<Record<IdempotencyEvent['type'] | typeof CLAIM_LATENCY, true>> = {
  claimed: true,
  tookOver: true,
  replayed: true,
  conflicted: true,
  outcomeUnknown: true,
  mismatched: true,
  completed: true,
  released: true,
  abandoned: true,
  reconciled: true,
  stepNotKept: true,
  answerIgnored: true,
  operated: true,
  lost: true,
  unstored: true,
  skipped: true,
  storeFailed: true,
  poisoned: true,
  unusable: true,
  dropped: true,
  queueFailed: true,
  claimLatency: true,
}

/** Names of a line's members. A dimension with such a name would replace the member, or be read as a metric. */
export const TAKEN_NAMES: ReadonlySet<string> = new Set(['_aws', ...Object.keys(MEMBERS), ...Object.keys(METRICS)])
