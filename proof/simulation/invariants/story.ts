import type { ClaimToken, SettledRecord, StoredRecord } from '../../../lib/core/record/record.ts'
import { isSettled } from '../../../lib/core/record/record.ts'
import type { History, Run, Write } from '../history.ts'

/** A write that made a claim. */
export type ClaimWrite = Extract<Write, { by: 'claim' | 'takeOver' }>

/** The history with what most invariants ask of it. */
export interface Story extends History {
  /** For each write, in which life of the record it happened: a claim on an absent or expired record begins one. */
  readonly incarnations: readonly number[]
  /** The write that made the claim of a token; absent where the claim was never written. */
  claimWrite(token: ClaimToken): ClaimWrite | undefined
  incarnationOf(token: ClaimToken): number | undefined
  /** What contenders' clocks may be off by: nothing where the store tells its time. */
  readonly judgedWithin: number
  readonly hasOperator: boolean
}

/** Says what is wrong, or nothing where it holds. */
export type Invariant = (story: Story) => string | undefined

export const isClaimWrite = (write: Write): write is ClaimWrite => write.by === 'claim' || write.by === 'takeOver'

export const storyOf = (history: History): Story => {
  const judgedWithin = history.profile.storeTells ? 0 : history.profile.clockSpread
  const incarnations: number[] = []
  const firsts = new Map<ClaimToken, number>()
  let incarnation = 0
  history.writes.forEach((write, index) => {
    if (isClaimWrite(write) && beginsIncarnation(write, judgedWithin)) incarnation++
    incarnations.push(incarnation)
    if (isClaimWrite(write) && !firsts.has(write.claim.claimToken)) firsts.set(write.claim.claimToken, index)
  })
  const claimWrite = (token: ClaimToken): ClaimWrite | undefined => {
    const index = firsts.get(token)
    return index === undefined ? undefined : (history.writes[index] as ClaimWrite)
  }
  return {
    incarnations,
    claimWrite,
    incarnationOf: (token) => {
      const index = firsts.get(token)
      return index === undefined ? undefined : incarnations[index]
    },
    judgedWithin,
    hasOperator: history.writes.some(({ by }) => by === 'operator'),
    ...history,
  }
}

const beginsIncarnation = ({ before, after, at }: ClaimWrite, within: number): boolean =>
  before === undefined || (after?.attempt === 1 && isPast(before, at + within))

/** Settled or released, and past its retention; in progress is never "expired". */
export const isPast = (record: StoredRecord, now: number): boolean =>
  record.status !== 'IN_PROGRESS' && now >= record.expiresAt

export const settledIn = (record: StoredRecord | undefined): SettledRecord | undefined =>
  record !== undefined && isSettled(record) ? record : undefined

/** Whether the lease that stands in the record had lapsed at that time, by the clock of the host that holds it. */
export const isLapsed = (story: Story, { claimToken, leaseExpiresAt }: LeasedRecord, at: number): boolean => {
  const owner = story.runs.find(({ claim }) => claim.claimToken === claimToken)
  return (
    leaseExpiresAt === undefined ||
    at + (owner === undefined ? 0 : (story.hostSkews[owner.host] ?? 0)) >= leaseExpiresAt
  )
}

type LeasedRecord = Pick<Extract<StoredRecord, { status: 'IN_PROGRESS' }>, 'claimToken' | 'leaseExpiresAt'>

/** When a run stopped doing things; never, where its history ends before. */
export const stopOf = ({ end, died }: Run): number => end?.order ?? died?.order ?? Number.POSITIVE_INFINITY

/** The first complaint among many. */
export const firstOf = <T>(
  items: readonly T[],
  complaint: (item: T, index: number) => string | undefined,
): string | undefined => {
  for (let index = 0; index < items.length; index++) {
    const found = complaint(items[index] as T, index)
    if (found !== undefined) return found
  }
  return undefined
}
