import { StoreUnavailableError } from '../errors.ts'
import { type Claim, firstClaim, mintToken, type TakeOverReason, takeOverClaim } from '../record/claim.ts'
import { judge, type Verdict } from '../record/judge.ts'
import type { InProgressRecord } from '../record/record.ts'
import type { ClaimAnswer, TakeOverAnswer } from '../record/store.ts'
import type { Settings } from '../settings.ts'
import { millis } from '../time.ts'
import { giveUp } from './give-up.ts'
import { judgeTerms } from './judge-terms.ts'
import { claimTerms } from './lease.ts'
import type { ClaimRequest } from './request.ts'

export type ContestResult =
  /** `reason`: why the existing record could be taken over. Absent if there was none. */
  | {
      readonly kind: 'claimed'
      readonly claim: Claim
      readonly reason?: TakeOverReason
      /** The abandoned record about which the reconcile function is asked before anything runs. */
      readonly ask?: InProgressRecord
    }
  | Exclude<Verdict, { kind: 'takeOver' }>

/** The attempt of one request to win the record. */
export interface Contest {
  contend(signal: AbortSignal): Promise<ContestResult>
  /** Gives up the claim that was sent last, since it may have been written. */
  giveUp(): Promise<void>
  /** Another run of this key is known: the store has reported a record, or the caller knew of one before. */
  hasContender(): boolean
}

/** With the first claim at most five requests, however many contenders there are. */
const MAX_TAKE_OVERS = 4
const JITTER = millis(50)

const LOST_TO_THE_CROWD: ContestResult = { kind: 'conflict', retryAfterSeconds: 1 }

export const createContest = (settings: Settings, request: ClaimRequest): Contest => {
  const { store, runtime } = settings
  const terms = claimTerms(settings, request)
  let wanted: Claim
  let contender = request.hasContender === true

  const claim = (signal: AbortSignal): Promise<ClaimAnswer> => {
    wanted = firstClaim(terms, mintToken(runtime), runtime.now())
    return store.claim(wanted, signal)
  }

  const giveUpWanted = async (): Promise<void> => {
    if (await giveUp(settings, wanted)) contender = true
  }

  const contend = async (signal: AbortSignal): Promise<ContestResult> => {
    let answer: TakeOverAnswer = await claim(signal)
    let why: Pick<Extract<ContestResult, { kind: 'claimed' }>, 'reason' | 'ask'> = {}
    for (let round = 0; answer.kind !== 'claimed'; round++) {
      if (answer.kind === 'contended') {
        contender = true
        // An earlier send of this write may have been applied, with its answer lost: that claim must not stay.
        await giveUpWanted()
        return LOST_TO_THE_CROWD
      }
      if (round === MAX_TAKE_OVERS) return LOST_TO_THE_CROWD
      if (signal.aborted) throw new StoreUnavailableError('The time for the claim is over') // the caller has its answer
      if (round > 0) await runtime.sleep(millis(runtime.random() * JITTER), signal)
      if (answer.kind === 'gone') {
        why = {}
        answer = await claim(signal)
        continue
      }
      contender = true
      const { record, storeTime = runtime.now() } = answer
      const verdict = judge(record, judgeTerms(settings, request, storeTime, terms.leaseExpiresAt))
      if (verdict.kind !== 'takeOver') return verdict
      const { reason } = verdict
      why = verdict.ask === true && record.status === 'IN_PROGRESS' ? { reason, ask: record } : { reason }
      wanted = takeOverClaim(record, reason, terms, mintToken(runtime), runtime.now())
      answer = await store.takeOver(record, wanted, signal)
    }
    return { kind: 'claimed', claim: wanted, ...why }
  }

  return { contend, giveUp: giveUpWanted, hasContender: () => contender }
}
