import { encodeOutcome } from '../../lib/core/outcome/outcome.ts'
import type { Claim } from '../../lib/core/record/claim.ts'
import { type ClaimToken, isSettled, type StoredRecord } from '../../lib/core/record/record.ts'
import type { Settlement } from '../../lib/core/record/store.ts'
import { epochMillis, fromSeconds, later } from '../../lib/core/time.ts'
import { DeadlineSignal } from './deadline-signal.ts'
import type { Override } from './history.ts'
import { say } from './invocation.ts'
import { applied } from './ledger.ts'
import type { World } from './world.ts'

const UNHURRIED = new DeadlineSignal().asAbortSignal()

/** A person settles or releases the record, in one step, with a new token and a higher revision. */
export const operate = (world: World): void => {
  const record = world.read()
  if (record === undefined) return
  decide(world, record, record.status === 'IN_PROGRESS' && world.random.chance(0.5) ? 'settles' : 'releases')
}

/** Releases the record repeatedly, every few milliseconds for half a second. */
export const meddle = (world: World): void => {
  const end = world.timeline.now + 500
  const again = (): void => {
    const record = world.read()
    if (record !== undefined) decide(world, record, 'releases')
    if (world.timeline.now < end) world.timeline.after(world.random.between(3, 12), again)
  }
  again()
}

const decide = (world: World, record: StoredRecord, override: Override): void => {
  world.count('operator', override)
  if (isSettled(record)) world.count('operator overrides an outcome')
  say(world, undefined, () => `the operator ${override} the record`)
  const claim = operatorClaim(world, record)
  applied(world, { by: 'operator', override }, () => {
    void world.store.takeOver(record, claim, UNHURRIED)
    void world.store.settle(claim, settlement(world, claim, override), UNHURRIED)
  })
}

const operatorClaim = (world: World, record: StoredRecord): Claim => {
  const { recordKey, fingerprint, attempt, generation, createdAt, expiresAt } = record
  return {
    recordKey,
    fingerprint,
    attempt,
    generation,
    createdAt,
    expiresAt,
    claimToken: `operator-${++world.tokens}` as ClaimToken,
    revision: record.revision + 1,
    leaseExpiresAt: epochMillis(world.timeline.now),
  }
}

const settlement = ({ timeline, profile, store, tokens }: World, claim: Claim, override: Override): Settlement => {
  const settledAt = epochMillis(timeline.now)
  const expiresAt = later(settledAt, fromSeconds(profile.retentionSeconds))
  if (override === 'releases') return { kind: 'released', settledAt, expiresAt }
  const outcome = encodeOutcome({ kind: 'json', text: `{"operator":${tokens}}` }, store.outcomeRoom(claim))
  return { kind: 'completed', status: 'SUCCEEDED', outcome, settledAt, expiresAt }
}
