import type { JudgeTerms } from '../record/judge.ts'
import type { Settings } from '../settings.ts'
import type { EpochMillis } from '../time.ts'
import type { ClaimRequest } from './request.ts'

/** `runEndsAt`: the end of the lease that a run would get. It matters only for an abandoned record. */
export const judgeTerms = (
  { store, abandoned, rerunWithin }: Settings,
  { fingerprint }: ClaimRequest,
  now: EpochMillis,
  runEndsAt: EpochMillis = now,
): JudgeTerms => ({ fingerprint, now, skew: store.skew, abandoned, rerunWithin, runEndsAt })
