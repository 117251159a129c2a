import type { Override, StoredRecord } from '../../../lib/core/record/record.ts'
import type { Answered, Write } from '../history.ts'
import { isSame } from './outcome.ts'
import { firstOf, type Invariant, isClaimWrite, isOverriding, isPast, type Story } from './story.ts'

/** An eventually consistent read may return what was replaced so long before. */
const STALE = 1_000

/** The records that the store held at some moment between a request and its answer. */
const heldDuring = ({ writes }: Story, { asked, askedAt, order }: Answered): readonly (StoredRecord | undefined)[] => {
  const held: (StoredRecord | undefined)[] = []
  for (let index = writes.length; index >= 0; index--) {
    const write = writes[index - 1]
    const next = writes[index]
    if (write !== undefined && write.order > order) continue
    if (next !== undefined && next.order < asked && next.at < askedAt - STALE) break
    held.push(write?.after)
  }
  return held
}

/**
 * A replay is what the store held during the request. Only after a person's release or an override may a cache still give the
 * outcome that was replaced.
 */
export const replaysTheHeld: Invariant = (story) =>
  firstOf(story.answers, (answer) => {
    const { result, invocation } = answer
    if (result.kind !== 'replay') return undefined
    const { record } = result
    if (heldDuring(story, answer).some((held) => isOutcome(held, record))) return undefined
    const end = story.writes.findLast(
      ({ before, after, order }) => order < answer.order && isOutcome(before, record) && !isOutcome(after, record),
    )
    return end !== undefined && story.profile.caching !== undefined && isByPerson(end)
      ? undefined
      : `invocation ${invocation} replayed an outcome that the store did not hold any more`
  })

const isOutcome = (held: StoredRecord | undefined, record: Parameters<typeof isSame>[1]): boolean =>
  held !== undefined && held.fingerprint === record.fingerprint && isSame(held, record)

/** A person has released the record, or persons have let another payload replace it. */
const isByPerson = (write: Write): boolean =>
  write.by === 'operator' ? write.act === 'release' : isClaimWrite(write) && isOverriding(write)

/** A request is refused as another payload's only if the store held such a record, which no override lets it replace. */
export const refusesTheOther: Invariant = (story) =>
  firstOf(story.answers, (answer) =>
    !isRefusedAs(answer, MISMATCH) || heldDuring(story, answer).some((held) => isOther(story, held, answer))
      ? undefined
      : `invocation ${answer.invocation} was refused as another payload, and the store held no record that refuses it`,
  )

const isOther = ({ judgedWithin, profile, skew }: Story, held: StoredRecord | undefined, answer: Answered): boolean =>
  held !== undefined &&
  held.fingerprint !== answer.fingerprint &&
  held.status !== 'RELEASED' &&
  !isPast(held, answer.askedAt - STALE - judgedWithin) &&
  !(isFreed(held.override, answer, profile.clockSpread + skew) && !isLeased(held))

/**
 * Whether an approved override for this payload was open during the whole request, on any clock. A read before the claim is not
 * trusted within the skew of its end.
 */
const isFreed = (override: Override | undefined, { fingerprint, at }: Answered, within: number): boolean =>
  override?.approvedAt !== undefined && override.fingerprint === fingerprint && at + within < override.until

const isLeased = (held: StoredRecord): boolean => held.status === 'IN_PROGRESS' && held.leaseExpiresAt !== undefined

/** A request is refused because of a record in progress only if the store held one. */
export const refusesTheUnsettled: Invariant = (story) =>
  firstOf(story.answers, (answer) => {
    if (!isRefusedAs(answer, UNSETTLED) || answer.won !== undefined) return undefined
    const held = heldDuring(story, answer)
    return held.length > CROWD || story.refusals > 0 || held.some((record) => record?.status === 'IN_PROGRESS')
      ? undefined
      : `invocation ${answer.invocation} was refused because of a record in progress, and the store held none`
  })

/** A request that meets so many other writes gives up as if one of them were still there. */
const CROWD = 4

const MISMATCH: ReadonlySet<string> = new Set(['key-reused'])
const UNSETTLED: ReadonlySet<string> = new Set(['in-progress', 'outcome-unknown', 'outcome-pending'])

const isRefusedAs = ({ result }: Answered, codes: ReadonlySet<string>): boolean =>
  result.kind === 'refused' && codes.has(result.error.code)
