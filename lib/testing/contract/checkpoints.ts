import { deepStrictEqual } from 'node:assert/strict'
import { recordOf } from '../../core/record/claim.ts'
import {
  assertKind,
  assertRecord,
  assertSteps,
  type Case,
  endClaim,
  holdClaim,
  readRecord,
  repeatedly,
  SETTLEMENTS,
  STATES,
  unhurried,
} from './fixture.ts'
import { abandonWith, HINTS, holdSteps, keep, stepsOf } from './step-fixture.ts'

/** 1. A write and its condition are one atomic step. */
const RACING: readonly Case[] = [
  {
    guarantee: 1,
    name: 'If an owner keeps a step and a contender takes over at the same time, exactly one succeeds',
    run: (fixture) =>
      repeatedly(async () => {
        const { store, make } = fixture
        const claim = await holdClaim(fixture)
        const seen = recordOf(claim)
        const [checkpoint, tookOver] = await Promise.all([
          keep(fixture, claim, { a: 1 }),
          store.takeOver(seen, make.takeOver(seen), unhurried),
        ])
        deepStrictEqual(tookOver.kind === 'claimed', checkpoint.kind === 'lost', 'exactly one succeeds')
      }),
  },
]

/** 3. `checkpoint` writes only to a record in progress under the claim's own token, and adds one to its revision. */
const FENCED: readonly Case[] = [
  {
    guarantee: 3,
    name: 'A checkpoint adds one to the revision, and changes nothing else of the record',
    run: async (fixture) => {
      const claim = await holdClaim(fixture)
      deepStrictEqual(await keep(fixture, claim, { a: 1 }), { kind: 'kept' })
      deepStrictEqual(await keep(fixture, claim, { b: 2 }), { kind: 'kept' })
      const expected = { ...recordOf(claim), revision: 3, steps: stepsOf({ a: 1, b: 2 }) }
      assertRecord(await fixture.read(claim.recordKey), expected)
    },
  },
  {
    guarantee: 3,
    name: 'After a take-over the old owner’s checkpoint is lost, and changes nothing',
    run: async (fixture) => {
      const { store, make } = fixture
      for (const claim of [await holdClaim(fixture), await holdSteps(fixture)]) {
        const seen = await readRecord(fixture, claim.recordKey)
        const contender = make.takeOver(seen)
        assertKind(await store.takeOver(seen, contender, unhurried), 'claimed')
        for (const [, follows] of HINTS) {
          assertKind(await keep(fixture, claim, { b: 2 }, follows), 'lost')
          assertKind(await abandonWith(fixture, claim, { b: 2 }, follows), 'lost')
        }
        assertRecord(await fixture.read(claim.recordKey), recordOf(contender))
      }
    },
  },
  ...SETTLEMENTS.filter(([name]) => name !== 'abandoned').map(
    ([name, settlement]): Case => ({
      guarantee: 3,
      name: `A checkpoint of a claim that was ${name} is lost, and changes nothing`,
      run: async (fixture) => {
        const claim = await endClaim(fixture, settlement(fixture.make))
        const before = await readRecord(fixture, claim.recordKey)
        for (const over of [{}, { follows: true }, { isNew: true }])
          assertKind(await keep(fixture, claim, { a: 1 }, over), 'lost')
        assertKind(await abandonWith(fixture, claim, { a: 1 }), 'lost')
        assertRecord(await fixture.read(claim.recordKey), before)
      },
    }),
  ),
  {
    guarantee: 3,
    name: 'A checkpoint does not bring a deleted record back',
    run: async (fixture) => {
      const claim = fixture.make.claim()
      for (const over of [{}, { follows: true }, { isNew: true }])
        deepStrictEqual(await keep(fixture, claim, { a: 1 }, over), { kind: 'lost' })
      deepStrictEqual(await abandonWith(fixture, claim, { a: 1 }), { kind: 'lost' })
      assertRecord(await fixture.read(claim.recordKey), undefined)
    },
  },
]

/** 4. A write that is refused because an earlier send of it was applied is answered as if it were applied now. */
const SENT_AGAIN: readonly Case[] = [
  ...[{}, { isNew: true }].map(
    (over): Case => ({
      guarantee: 4,
      name: `A checkpoint${'isNew' in over ? ' of new names' : ''} that is sent twice is kept both times`,
      run: async (fixture) => {
        for (const [claim, results] of [
          [await holdClaim(fixture), { b: 2 }],
          [await holdSteps(fixture), { a: 1, b: 2 }],
        ] as const) {
          for (const [, follows] of HINTS)
            assertKind(await keep(fixture, claim, { b: 2 }, { ...over, ...follows }), 'kept')
          assertSteps(await fixture.read(claim.recordKey), stepsOf(results))
        }
      },
    }),
  ),
  ...HINTS.map(
    ([hint, follows]): Case => ({
      guarantee: 4,
      name: `An abandon with a checkpoint that is sent twice succeeds both times, and is written once (${hint})`,
      run: async (fixture) => {
        for (const claim of [await holdClaim(fixture), await holdSteps(fixture)]) {
          assertKind(await abandonWith(fixture, claim, { b: 2 }, follows), 'settled')
          const before = await readRecord(fixture, claim.recordKey)
          assertKind(await abandonWith(fixture, claim, { b: 2 }, follows), 'settled')
          assertRecord(await fixture.read(claim.recordKey), before)
        }
      },
    }),
  ),
]

/** 5. A refusal contains the record as it was at that moment. */
const REFUSED: readonly Case[] = STATES.map(
  ([name, settlement]): Case => ({
    guarantee: 5,
    name: `The refusal of a checkpoint carries the current record, which is ${name}`,
    run: async (fixture) => {
      const { make } = fixture
      const claim = await holdSteps(fixture)
      if (settlement !== undefined)
        assertKind(await fixture.store.settle(claim, settlement(make), unhurried), 'settled')
      const { recordKey } = claim
      const record = await readRecord(fixture, recordKey)
      const stranger = make.claim({ recordKey })
      for (const [, follows] of HINTS) {
        const over = follows
        const refusals = [
          await keep(fixture, stranger, { b: 2 }, over),
          await keep(fixture, stranger, { b: 2 }, { ...over, isNew: true }),
          await abandonWith(fixture, stranger, { b: 2 }, follows),
        ]
        for (const refusal of refusals) assertRecord('record' in refusal ? refusal.record : undefined, record)
      }
    },
  }),
)

export const CHECKPOINTS: readonly Case[] = [...RACING, ...FENCED, ...SENT_AGAIN, ...REFUSED]
