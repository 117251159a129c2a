import { deepStrictEqual } from 'node:assert/strict'
import { type Claim, recordOf } from '../../core/record/claim.ts'
import type { TakeOverAnswer } from '../../core/record/store.ts'
import { assertRecord, type Bench, type Case, ended, held, SETTLEMENTS, STATES, stands, unhurried } from './fixture.ts'

/** How many contenders race, and how often. */
const CONTENDERS = 10
const ROUNDS = 20

const repeatedly = async (round: () => Promise<void>): Promise<void> => {
  for (let count = 0; count < ROUNDS; count++) await round()
}

const contenders = (make: () => Claim): readonly Claim[] => Array.from({ length: CONTENDERS }, make)

/** Exactly one of them won, and its record stands. */
const assertOneWinner = async (
  bench: Bench,
  claims: readonly Claim[],
  answers: readonly TakeOverAnswer[],
): Promise<void> => {
  const [winner, ...others] = claims.filter((_, index) => answers[index]?.kind === 'claimed')
  deepStrictEqual([winner === undefined, others.length], [false, 0], 'exactly one claim wins')
  if (winner !== undefined) assertRecord(await bench.read(winner.recordKey), recordOf(winner))
}

/** Whether it should have been refused is for guarantees 2 and 3 to prove. */
const REFUSALS: readonly string[] = ['occupied', 'contended', 'lost']

/** 1. A write and its condition are one atomic step; a refused write changes nothing. */
export const RACES: readonly Case[] = [
  {
    guarantee: 1,
    name: 'Of many claims at once one wins',
    run: (bench) =>
      repeatedly(async () => {
        const { recordKey } = bench.make.claim()
        const claims = contenders(() => bench.make.claim({ recordKey }))
        const answers = await Promise.all(claims.map((claim) => bench.store.claim(claim, unhurried)))
        await assertOneWinner(bench, claims, answers)
      }),
  },
  {
    guarantee: 1,
    name: 'Of many take-overs of one abandoned record at once one wins',
    run: (bench) =>
      repeatedly(async () => {
        const seen = await stands(bench, (await ended(bench, bench.make.abandoned())).recordKey)
        const claims = contenders(() => bench.make.takeOver(seen))
        const answers = await Promise.all(claims.map((claim) => bench.store.takeOver(seen, claim, unhurried)))
        await assertOneWinner(bench, claims, answers)
      }),
  },
  {
    guarantee: 1,
    name: 'Of an owner that renews and a contender that takes over at once exactly one succeeds',
    run: (bench) =>
      repeatedly(async () => {
        const { store, make } = bench
        const claim = await held(bench)
        const [renewed, tookOver] = await Promise.all([
          store.renew(claim, make.renewal(make.leaseEnd + 1), unhurried),
          store.takeOver(recordOf(claim), make.takeOver(recordOf(claim)), unhurried),
        ])
        deepStrictEqual(tookOver.kind === 'claimed', renewed.kind === 'lost', 'exactly one succeeds')
      }),
  },
  ...SETTLEMENTS.map(
    ([name, as]): Case => ({
      guarantee: 1,
      name: `Of an owner that is ${name} and a contender that takes over at once exactly one succeeds`,
      run: (bench) =>
        repeatedly(async () => {
          const { store, make } = bench
          const claim = await held(bench)
          const contender = make.takeOver(recordOf(claim))
          const [settled, tookOver] = await Promise.all([
            store.settle(claim, as(make), unhurried),
            store.takeOver(recordOf(claim), contender, unhurried),
          ])
          const isOwners = settled.kind === 'settled'
          deepStrictEqual(tookOver.kind === 'claimed', !isOwners, 'exactly one succeeds')
          const { claimToken } = await stands(bench, claim.recordKey)
          deepStrictEqual(claimToken, isOwners ? claim.claimToken : contender.claimToken)
        }),
    }),
  ),
  ...STATES.map(
    ([name, as]): Case => ({
      guarantee: 1,
      name: `What a stranger is refused changes nothing in a record that is ${name}`,
      run: async (bench) => {
        const { store, make } = bench
        const { recordKey } = await ended(bench, as?.(make))
        const before = await stands(bench, recordKey)
        const stranger = make.claim({ recordKey, payload: 'other' })
        const outdated = { ...before, revision: before.revision - 1 }
        const answers: { readonly kind: string }[] = [
          await store.claim(stranger, unhurried),
          await store.takeOver(outdated, make.takeOver(outdated), unhurried),
          await store.renew(stranger, make.renewal(make.leaseEnd + 5_000), unhurried),
        ]
        for (const [, settlement] of SETTLEMENTS)
          answers.push(await store.settle(stranger, settlement(make), unhurried))
        if (answers.every(({ kind }) => REFUSALS.includes(kind))) assertRecord(await bench.read(recordKey), before)
      },
    }),
  ),
]
