import { deepStrictEqual } from 'node:assert/strict'
import { type Claim, recordOf } from '../../core/record/claim.ts'
import type { TakeOverAnswer } from '../../core/record/store.ts'
import {
  assertRecord,
  type Case,
  endClaim,
  type Fixture,
  holdClaim,
  readRecord,
  repeatedly,
  SETTLEMENTS,
  STATES,
  unhurried,
} from './fixture.ts'

/** How many contenders race. */
const CONTENDERS = 10

const contenders = (make: () => Claim): readonly Claim[] => Array.from({ length: CONTENDERS }, make)

/** Exactly one of them won, and the store holds its record. */
const assertOneWinner = async (
  fixture: Fixture,
  claims: readonly Claim[],
  answers: readonly TakeOverAnswer[],
): Promise<void> => {
  const [winner, ...others] = claims.filter((_, index) => answers[index]?.kind === 'claimed')
  deepStrictEqual([winner === undefined, others.length], [false, 0], 'exactly one claim wins')
  if (winner !== undefined) assertRecord(await fixture.read(winner.recordKey), recordOf(winner))
}

/** Guarantees 2 and 3 check which calls must be refused. */
const REFUSALS: readonly string[] = ['occupied', 'contended', 'lost']

/** 1. A write and its condition are one atomic step; a refused write changes nothing. */
export const RACES: readonly Case[] = [
  {
    guarantee: 1,
    name: 'Of many simultaneous claims, one wins',
    run: (fixture) =>
      repeatedly(async () => {
        const { recordKey } = fixture.make.claim()
        const claims = contenders(() => fixture.make.claim({ recordKey }))
        const answers = await Promise.all(claims.map((claim) => fixture.store.claim(claim, unhurried)))
        await assertOneWinner(fixture, claims, answers)
      }),
  },
  {
    guarantee: 1,
    name: 'Of many simultaneous take-overs of an abandoned record, one wins',
    run: (fixture) =>
      repeatedly(async () => {
        const seen = await readRecord(fixture, (await endClaim(fixture, fixture.make.abandoned())).recordKey)
        const claims = contenders(() => fixture.make.takeOver(seen))
        const answers = await Promise.all(claims.map((claim) => fixture.store.takeOver(seen, claim, unhurried)))
        await assertOneWinner(fixture, claims, answers)
      }),
  },
  {
    guarantee: 1,
    name: 'If an owner renews and a contender takes over at the same time, exactly one succeeds',
    run: (fixture) =>
      repeatedly(async () => {
        const { store, make } = fixture
        const claim = await holdClaim(fixture)
        const [renewed, tookOver] = await Promise.all([
          store.renew(claim, make.renewal(make.leaseEnd + 1), unhurried),
          store.takeOver(recordOf(claim), make.takeOver(recordOf(claim)), unhurried),
        ])
        deepStrictEqual(tookOver.kind === 'claimed', renewed.kind === 'lost', 'exactly one succeeds')
      }),
  },
  ...SETTLEMENTS.map(
    ([name, settlement]): Case => ({
      guarantee: 1,
      name: `If a claim is ${name} and a contender takes over at the same time, exactly one succeeds`,
      run: (fixture) =>
        repeatedly(async () => {
          const { store, make } = fixture
          const claim = await holdClaim(fixture)
          const contender = make.takeOver(recordOf(claim))
          const [settled, tookOver] = await Promise.all([
            store.settle(claim, settlement(make), unhurried),
            store.takeOver(recordOf(claim), contender, unhurried),
          ])
          const isOwners = settled.kind === 'settled'
          deepStrictEqual(tookOver.kind === 'claimed', !isOwners, 'exactly one succeeds')
          const { claimToken } = await readRecord(fixture, claim.recordKey)
          deepStrictEqual(claimToken, isOwners ? claim.claimToken : contender.claimToken)
        }),
    }),
  ),
  ...STATES.map(
    ([name, settlement]): Case => ({
      guarantee: 1,
      name: `A refused write of another claim changes nothing in a record that is ${name}`,
      run: async (fixture) => {
        const { store, make } = fixture
        const { recordKey } = await endClaim(fixture, settlement?.(make))
        const before = await readRecord(fixture, recordKey)
        const stranger = make.claim({ recordKey, payload: 'other' })
        const outdated = { ...before, revision: before.revision - 1 }
        const answers: { readonly kind: string }[] = [
          await store.claim(stranger, unhurried),
          await store.takeOver(outdated, make.takeOver(outdated), unhurried),
          await store.renew(stranger, make.renewal(make.leaseEnd + 5_000), unhurried),
        ]
        for (const [, settlement] of SETTLEMENTS)
          answers.push(await store.settle(stranger, settlement(make), unhurried))
        if (answers.every(({ kind }) => REFUSALS.includes(kind))) assertRecord(await fixture.read(recordKey), before)
      },
    }),
  ),
]
