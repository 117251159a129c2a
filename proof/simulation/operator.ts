import { MAX_ITEM_BYTES, WRITE_UNIT_BYTES } from '../../lib/core/limits.ts'
import { keptValue } from '../../lib/core/outcome/step-result.ts'
import type { ClaimToken, StoredRecord } from '../../lib/core/record/record.ts'
import { isSettled } from '../../lib/core/record/record.ts'
import { epochMillis } from '../../lib/core/time.ts'
import {
  type ActTerms,
  type Decided,
  decideExtend,
  decideRelease,
  decideSettle,
  type RecordChange,
} from '../../lib/operator/acts.ts'
import { decideStep } from '../../lib/operator/decide-step.ts'
import { changeRecord } from './change-record.ts'
import { findingOf } from './decide-step.ts'
import { say } from './invocation.ts'
import { applied } from './ledger.ts'
import type { World } from './world.ts'

/** A person who decides by hand. */
export interface Person {
  readonly name: string
  /** Their clock minus the store's clock, in milliseconds. */
  readonly skew: number
}

/** Judges an act by the production rules, as the record was looked at. */
export type Decide = (record: StoredRecord, terms: ActTerms) => Decided

const ROOM = { besideBytes: 1_024, unitBytes: WRITE_UNIT_BYTES, maxBytes: MAX_ITEM_BYTES } as const

/** A person on the store's clock. */
const SOMEBODY: Person = { name: 'somebody', skew: 0 }

/**
 * A person looks at the record, and acts on it at once or after a while. If it has changed meanwhile, nothing is written.
 * Returns whether the rules allow the act.
 */
export const act = (world: World, person: Person, decide: Decide): boolean => {
  const { random, timeline } = world
  const seen = world.read()
  if (seen === undefined) return false
  const terms = termsOf(world, person)
  const decided = decide(seen, terms)
  if (decided.kind === 'refused') {
    world.count('operator', 'is refused')
    say(world, undefined, () => `${person.name} may not act on the record: ${decided.rule}`)
    return false
  }
  const write = (): void => writeChange(world, seen, decided.change, terms)
  if (random.chance(0.8)) write()
  else timeline.after(random.between(1, 4_000), write)
  return true
}

const termsOf = ({ timeline, store }: World, { name, skew }: Person): ActTerms => ({
  now: epochMillis(timeline.now + skew),
  skew: store.skew,
  by: name,
  room: ROOM,
})

const writeChange = (world: World, seen: StoredRecord, change: RecordChange, { by, now }: ActTerms): void => {
  const { act: done, step, steps } = change
  world.count('operator', done)
  if (isSettled(seen) && done === 'release') world.count('operator overrides an outcome')
  say(world, undefined, () => `${by}: ${done}`)
  const token = `operator-${++world.tokens}` as ClaimToken
  const about = step === undefined ? undefined : { step, result: resultIn(steps?.get(step)) }
  applied(world, { by: 'operator', act: done, decidedAt: now, about }, () =>
    changeRecord(world, { seen, token, change, by, now }),
  )
}

const resultIn = (entry: Uint8Array | undefined): number | undefined =>
  (keptValue(entry)?.value as { readonly result: number } | undefined)?.result

const REASON = 'asked the provider'

export const settle =
  ({ profile, tokens }: World): Decide =>
  (record, terms) => {
    const { retentionSeconds } = profile
    const answer = { value: { operator: tokens } }
    return decideSettle(record, { answer, retentionSeconds, reason: REASON, despiteLiveLease: true }, terms)
  }

export const release =
  ({ profile: { retentionSeconds } }: World): Decide =>
  (record, terms) =>
    decideRelease(
      record,
      { retentionSeconds, reason: REASON, despiteLiveLease: true, forgetSuccess: true, forgetSteps: true },
      terms,
    )

export const extend =
  ({ profile: { retentionSeconds } }: World): Decide =>
  (record, terms) =>
    decideExtend(record, { retentionSeconds: retentionSeconds * 2, reason: REASON }, terms)

/** A person decides a step in doubt; or settles or releases the record, whatever its owner does, or keeps it longer. */
export const operate = (world: World, person: Person = SOMEBODY): void => {
  const { random } = world
  const finding = findingOf(world)
  if (finding !== undefined && random.chance(0.7)) {
    act(world, person, (record, terms) => decideStep(record, finding, terms))
    return
  }
  const settles = world.read()?.status === 'IN_PROGRESS' && random.chance(0.5)
  act(world, person, settles ? settle(world) : random.chance(0.2) ? extend(world) : release(world))
}

/** A script releases the record repeatedly, every few milliseconds for half a second, and asks no rule. */
export const meddle = (world: World): void => {
  const terms = termsOf(world, SOMEBODY)
  const end = world.timeline.now + 500
  const again = (): void => {
    const seen = world.read()
    if (seen !== undefined) writeChange(world, seen, released(world), terms)
    if (world.timeline.now < end) world.timeline.after(world.random.between(3, 12), again)
  }
  again()
}

const released = ({ timeline, profile }: World): RecordChange => ({
  act: 'release',
  reason: REASON,
  status: 'RELEASED',
  override: null,
  settledAt: epochMillis(timeline.now),
  expiresAt: epochMillis(timeline.now + profile.retentionSeconds * 1_000),
})
