import type { Claim } from '../../core/record/claim.ts'
import type { Steps } from '../../core/record/record.ts'
import type { Checkpoint, CheckpointAnswer, SettleAnswer, Settlement } from '../../core/record/store.ts'
import { checkpointOf } from '../../dynamodb/effects/checkpoint.ts'
import { assertKind, type Fixture, holdClaim, unhurried } from './fixture.ts'

/** Results of steps: the name, and the bytes that are kept. */
export const stepsOf = (results: Readonly<Record<string, number>>): Steps =>
  new Map(Object.entries(results).map(([name, byte]) => [name, Uint8Array.of(1, 1, byte)]))

export const keep = (
  { store }: Fixture,
  claim: Claim,
  results: Readonly<Record<string, number>>,
  over: Partial<Checkpoint> = {},
): Promise<CheckpointAnswer> => store.checkpoint(claim, checkpointOf({ steps: stepsOf(results), ...over }), unhurried)

export const abandonWith = (
  { store, make }: Fixture,
  claim: Claim,
  results: Readonly<Record<string, number>>,
  follows: Partial<Checkpoint> = {},
): Promise<SettleAnswer> => {
  const checkpoint = checkpointOf({ steps: stepsOf(results), ...follows })
  return store.settle(claim, { ...make.abandoned(), checkpoint } as Settlement, unhurried)
}

/** What the caller says of the record. The wrong hint must change nothing but the cost. */
export const HINTS: readonly (readonly [string, { readonly follows?: boolean }])[] = [
  ['no hint', {}],
  ['steps expected', { follows: true }],
  ['no steps expected', { follows: false }],
]

/** A claim whose record has the step `a`. */
export const holdSteps = async (fixture: Fixture): Promise<Claim> => {
  const claim = await holdClaim(fixture)
  assertKind(await keep(fixture, claim, { a: 1 }), 'kept')
  return claim
}
