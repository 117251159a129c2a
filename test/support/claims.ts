import { randomUUID } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import { type Claim, firstClaim, type TakeOverReason, takeOverClaim } from '../../lib/core/claim.ts'
import { deriveFingerprint, type Fingerprint } from '../../lib/core/fingerprint.ts'
import type { ClaimToken, StoredRecord } from '../../lib/core/record.ts'
import { deriveRecordKey, type RecordKey } from '../../lib/core/record-key.ts'
import type { Renewal, Settlement } from '../../lib/core/store.ts'
import { epochMillis } from '../../lib/core/time.ts'

/** A whole second, because the format keeps `expiresAt` in seconds. */
export const NOW = 1_800_000_000_000
export const LEASE_END: number = NOW + 60_000
export const EXPIRY: number = NOW + 86_400_000

/** The signal of a caller with all the time in the world. */
export const unhurried: AbortSignal = new AbortController().signal
setMaxListeners(0, unhurried) // every call in flight listens to it

export const aRecordKey = (key: string = randomUUID()): RecordKey =>
  deriveRecordKey({ operation: 'contract', tenant: 'single-tenant', key })

export const aFingerprint = (payload = 'payload'): Fingerprint => deriveFingerprint([{ kind: 'text', text: payload }])

export interface ClaimParts {
  readonly recordKey?: RecordKey
  readonly payload?: string
  readonly token?: string
  readonly leaseExpiresAt?: number
  /** `'never'`: as under `abandoned: 'hold'`. */
  readonly expiresAt?: number | 'never'
  readonly now?: number
}

/** A first claim, of a record of its own unless one is named. */
export const aClaim = (parts: ClaimParts = {}): Claim => firstClaim(termsOf(parts), tokenOf(parts), at(parts))

/** A claim over the record that was seen. */
export const aTakeOver = (seen: StoredRecord, parts: ClaimParts = {}, reason: TakeOverReason = 'abandoned'): Claim =>
  takeOverClaim(seen, reason, termsOf({ ...parts, recordKey: seen.recordKey }), tokenOf(parts), at(parts))

const termsOf = ({
  recordKey = aRecordKey(),
  payload,
  leaseExpiresAt = LEASE_END,
  expiresAt = EXPIRY,
}: ClaimParts) => ({
  recordKey,
  fingerprint: aFingerprint(payload),
  leaseExpiresAt: epochMillis(leaseExpiresAt),
  expiresAt: expiresAt === 'never' ? undefined : epochMillis(expiresAt),
})

const tokenOf = ({ token = randomUUID() }: ClaimParts): ClaimToken => token as ClaimToken
const at = ({ now = NOW }: ClaimParts) => epochMillis(now)

export const completed = (outcome: Uint8Array = Buffer.of(1, 0)): Settlement => ({
  kind: 'completed',
  status: 'SUCCEEDED',
  outcome,
  settledAt: epochMillis(NOW + 500),
  expiresAt: epochMillis(EXPIRY),
})

export const failed = (): Settlement => ({
  kind: 'completed',
  status: 'FAILED',
  outcome: Buffer.of(1, 4),
  settledAt: epochMillis(NOW + 500),
  expiresAt: epochMillis(EXPIRY),
})

export const released = (): Settlement => ({
  kind: 'released',
  lastError: 'NotDoneError',
  settledAt: epochMillis(NOW + 500),
  expiresAt: epochMillis(EXPIRY),
})

export const abandoned = (): Settlement => ({ kind: 'abandoned', lastError: 'TypeError' })

export const renewal = (leaseExpiresAt: number, expiresAt: number = EXPIRY): Renewal => ({
  leaseExpiresAt: epochMillis(leaseExpiresAt),
  expiresAt: epochMillis(expiresAt),
})
