import { randomUUID } from 'node:crypto'
import { deriveFingerprint, type Fingerprint } from '../core/identity/fingerprint.ts'
import { deriveRecordKey, type RecordKey } from '../core/identity/record-key.ts'
import { type Claim, firstClaim, type TakeOverReason, takeOverClaim } from '../core/record/claim.ts'
import type { ClaimToken, StoredRecord } from '../core/record/record.ts'
import type { Commit, Completion, Renewal, Settlement, TransactItem } from '../core/record/store.ts'
import { epochMillis } from '../core/time.ts'
import { commitOf } from '../dynamodb/effects/commit.ts'

export interface ClaimParts {
  readonly recordKey?: RecordKey
  readonly payload?: string
  readonly token?: string
  readonly leaseExpiresAt?: number
  /** `'never'`: as under `abandoned: 'hold'`. */
  readonly expiresAt?: number | 'never'
  readonly now?: number
}

/** Makes the claims and settlements that a contract test passes to a store, all at one time. */
export interface Claims {
  /** Default end of a claim's lease, and default expiry of its record. */
  readonly leaseEnd: number
  readonly expiry: number
  /** A first claim. Default: of a new record key. */
  claim(parts?: ClaimParts): Claim
  /** A claim that takes over the record `seen`. */
  takeOver(seen: StoredRecord, parts?: ClaimParts, reason?: TakeOverReason): Claim
  renewal(leaseExpiresAt: number, expiresAt?: number): Renewal
  completed(outcome?: Uint8Array): Completion
  failed(): Settlement
  released(): Settlement
  abandoned(): Settlement
  /** An abandon that replaces the record's token. Default: a new token. */
  fenced(fence?: string): Settlement
  /** A completion with these items. Default: the outcome of {@link completed}. */
  commit(items: readonly TransactItem[], outcome?: Uint8Array): Commit
}

export const aRecordKey = (key: string = randomUUID()): RecordKey =>
  deriveRecordKey({ operation: 'contract', tenant: 'single-tenant', key })

export const aFingerprint = (payload = 'payload'): Fingerprint => deriveFingerprint([{ kind: 'text', text: payload }])

/** `now` must be a whole second, because a store may keep `expiresAt` in seconds. */
export const claimsAt = (now: number): Claims => {
  const leaseEnd = now + 60_000
  const expiry = now + 86_400_000
  const settledAt = epochMillis(now + 500)
  const expiresAt = epochMillis(expiry)

  const termsOf = (parts: ClaimParts) => ({
    recordKey: parts.recordKey ?? aRecordKey(),
    fingerprint: aFingerprint(parts.payload),
    leaseExpiresAt: epochMillis(parts.leaseExpiresAt ?? leaseEnd),
    expiresAt: parts.expiresAt === 'never' ? undefined : epochMillis(parts.expiresAt ?? expiry),
  })
  const at = (parts: ClaimParts) => epochMillis(parts.now ?? now)

  const completed = (outcome: Uint8Array = Uint8Array.of(1, 0)): Completion => ({
    kind: 'completed',
    status: 'SUCCEEDED',
    outcome,
    settledAt,
    expiresAt,
  })

  return {
    leaseEnd,
    expiry,
    claim: (parts = {}) => firstClaim(termsOf(parts), tokenOf(parts), at(parts)),
    takeOver: (seen, parts = {}, reason = 'abandoned') =>
      takeOverClaim(seen, reason, termsOf({ ...parts, recordKey: seen.recordKey }), tokenOf(parts), at(parts)),
    renewal: (lease, expires = expiry) => ({ leaseExpiresAt: epochMillis(lease), expiresAt: epochMillis(expires) }),
    completed,
    failed: () => ({ kind: 'completed', status: 'FAILED', outcome: Uint8Array.of(1, 4), settledAt, expiresAt }),
    released: () => ({ kind: 'released', lastError: 'NotDoneError', settledAt, expiresAt }),
    abandoned: () => ({ kind: 'abandoned', lastError: 'TypeError' }),
    fenced: (token = randomUUID()) => ({ kind: 'abandoned', lastError: 'TypeError', fence: token as ClaimToken }),
    commit: (items, outcome) => commitOf({ completion: completed(outcome), items, requestToken: randomUUID() }),
  }
}

const tokenOf = ({ token = randomUUID() }: ClaimParts): ClaimToken => token as ClaimToken
