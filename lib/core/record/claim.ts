import type { Fingerprint } from '../identity/fingerprint.ts'
import type { RecordKey } from '../identity/record-key.ts'
import type { Runtime } from '../runtime.ts'
import type { EpochMillis } from '../time.ts'
import type { ClaimToken, InProgressRecord, Steps, StoredRecord } from './record.ts'

/** The proof of a won claim, derived once and frozen. Only its holder can renew or settle the record. */
export interface Claim {
  readonly recordKey: RecordKey
  readonly fingerprint: Fingerprint
  readonly claimToken: ClaimToken
  /** The revision that the claim writes. Each later write of its owner adds one. */
  readonly revision: number
  /** 1 on an absent or expired record, otherwise one more than the claim before. */
  readonly attempt: number
  /** The attempt with which the current generation began. */
  readonly generation: number
  readonly leaseExpiresAt: EpochMillis
  /** When TTL may delete the record while it is in progress. `undefined`: never, it waits for a person's decision. */
  readonly expiresAt: EpochMillis | undefined
  readonly createdAt: EpochMillis
  /** When the current generation began; `undefined`: with the record, at `createdAt`. */
  readonly generationAt?: EpochMillis | undefined
  /**
   * Claims of this generation that count as no run: they ran nothing, such as after a question without a decision, or a
   * person has decided a step after them. `undefined`: 0.
   */
  readonly reconciles?: number | undefined
  /** What persons did to the record. */
  readonly audit?: string | undefined
  /** What the steps of earlier attempts of this generation have kept; `undefined`: nothing. */
  readonly steps?: Steps | undefined
}

/** What all claims of one request share. Each gets a new token. */
export interface ClaimTerms {
  readonly recordKey: RecordKey
  readonly fingerprint: Fingerprint
  readonly leaseExpiresAt: EpochMillis
  readonly expiresAt: EpochMillis | undefined
}

/** Why a record may be taken over. */
export type TakeOverReason = 'expired' | 'released' | 'abandoned' | 'overridden'

export const mintToken = (runtime: Pick<Runtime, 'randomToken'>): ClaimToken => runtime.randomToken() as ClaimToken

export const firstClaim = (terms: ClaimTerms, token: ClaimToken, now: EpochMillis): Claim =>
  Object.freeze({ claimToken: token, revision: 1, attempt: 1, generation: 1, createdAt: now, ...terms })

/**
 * A take-over of an abandoned record stays in its generation, because the effect may already have happened. A take-over
 * of a released record begins the next generation, and so does an approved override. An expired record counts as absent.
 */
export const takeOverClaim = (
  seen: StoredRecord,
  reason: TakeOverReason,
  terms: ClaimTerms,
  token: ClaimToken,
  now: EpochMillis,
): Claim => {
  const attempt = reason === 'expired' ? 1 : seen.attempt + 1
  const generation = reason === 'abandoned' ? seen.generation : attempt
  const createdAt = reason === 'expired' ? now : seen.createdAt
  const began = generationOf(seen, reason, now)
  return Object.freeze({
    claimToken: token,
    revision: seen.revision + 1,
    attempt,
    generation,
    createdAt,
    ...began,
    ...terms,
  })
}

/** What belongs to a generation in addition to its number. A take-over of an abandoned record keeps it. */
const generationOf = (
  seen: StoredRecord,
  reason: TakeOverReason,
  now: EpochMillis,
): Pick<Claim, 'generationAt' | 'reconciles' | 'steps' | 'audit'> => {
  if (reason === 'expired') return {}
  const { audit } = seen
  if (reason !== 'abandoned' || seen.status !== 'IN_PROGRESS') return { audit, generationAt: now }
  const { generationAt, reconciles, steps } = seen
  return { audit, generationAt, reconciles, steps }
}

/** The claim once it is known that the effect of its predecessors did not happen: it begins a new generation. */
export const nextGeneration = ({ reconciles: _, steps: __, ...claim }: Claim, now: EpochMillis): Claim =>
  Object.freeze({ ...claim, generation: claim.attempt, generationAt: now })

/** The record that a claim writes. */
export const recordOf = (claim: Claim): InProgressRecord => ({ status: 'IN_PROGRESS', ...claim })

/**
 * True if an earlier attempt of this generation may have done the effect: this claim cannot state that nothing was
 * done.
 */
export const isInDoubt = (claim: Claim): boolean => claim.attempt > claim.generation

/** How many claims the generation has had, this attempt included. */
export const claimsOf = ({ attempt, generation }: Pick<Claim, 'attempt' | 'generation'>): number =>
  attempt - generation + 1

/**
 * How often the effect may have run, this attempt included. A claim that is known to have run nothing is no run, and after
 * a person's decision of a step the claims before it are none.
 */
export const runsInDoubt = (claim: Pick<Claim, 'attempt' | 'generation' | 'reconciles'>): number =>
  claimsOf(claim) - (claim.reconciles ?? 0)
