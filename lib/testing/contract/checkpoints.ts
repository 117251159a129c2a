import { deepStrictEqual } from 'node:assert/strict'
import { type Claim, recordOf } from '../../core/record/claim.ts'
import type { Steps } from '../../core/record/record.ts'
import type { Checkpoint, Settlement } from '../../core/record/store.ts'
import {
  assertKind,
  assertRecord,
  assertSteps,
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

/** Results of steps: the name, and the bytes that are kept. */
const stepsOf = (results: Readonly<Record<string, number>>): Steps =>
  new Map(Object.entries(results).map(([name, byte]) => [name, Uint8Array.of(1, 1, byte)]))

const keep = (
  { store }: Fixture,
  claim: Claim,
  results: Readonly<Record<string, number>>,
  over: Partial<Checkpoint> = {},
) => store.checkpoint(claim, { steps: stepsOf(results), ...over }, unhurried)

const abandonWith = (
  { store, make }: Fixture,
  claim: Claim,
  results: Readonly<Record<string, number>>,
  follows: Partial<Checkpoint> = {},
) => {
  const checkpoint: Checkpoint = { steps: stepsOf(results), ...follows }
  return store.settle(claim, { ...make.abandoned(), checkpoint } as Settlement, unhurried)
}

/** What the caller says of the record. The wrong hint must change nothing but the cost. */
const HINTS: readonly (readonly [string, { readonly follows?: boolean }])[] = [
  ['no hint', {}],
  ['steps expected', { follows: true }],
  ['no steps expected', { follows: false }],
]

/** A claim whose record has the step `a`. */
const holdSteps = async (fixture: Fixture): Promise<Claim> => {
  const claim = await holdClaim(fixture)
  assertKind(await keep(fixture, claim, { a: 1 }), 'kept')
  return claim
}

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

/** 7. A completion, a release and a next generation remove `steps`. An abandon keeps them, and a take-over carries them. */
const ENDS: readonly Case[] = [
  ...SETTLEMENTS.map(
    ([name, settlement]): Case => ({
      guarantee: 7,
      name: `A record with steps that is ${name} ${name === 'abandoned' ? 'keeps them' : 'has none after that'}`,
      run: async (fixture) => {
        const claim = await holdSteps(fixture)
        assertKind(await fixture.store.settle(claim, settlement(fixture.make), unhurried), 'settled')
        const record = await readRecord(fixture, claim.recordKey)
        assertSteps(record, name === 'abandoned' ? stepsOf({ a: 1 }) : undefined)
      },
    }),
  ),
  {
    guarantee: 7,
    name: 'A next generation has no steps, and keeps the first one as the first',
    run: async (fixture) => {
      const { store, make } = fixture
      const first = await holdSteps(fixture)
      assertKind(await store.settle(first, make.abandoned(), unhurried), 'settled')
      const seen = await readRecord(fixture, first.recordKey)
      const claim = make.takeOver(seen)
      assertKind(await store.takeOver(seen, claim, unhurried), 'claimed')
      assertSteps(await fixture.read(claim.recordKey), stepsOf({ a: 1 }))
      assertKind(await store.nextGeneration(claim, claim.createdAt, unhurried), 'begun')
      assertSteps(await fixture.read(claim.recordKey), undefined)
      assertKind(await keep(fixture, claim, { b: 2 }), 'kept') // the claim still says that there are steps
      assertSteps(await fixture.read(claim.recordKey), stepsOf({ b: 2 }))
    },
  },
]

/** 10. A checkpoint adds steps and removes none. */
const ADDED: readonly Case[] = [
  ...HINTS.map(
    ([hint, follows]): Case => ({
      guarantee: 10,
      name: `A checkpoint adds its steps and leaves the others (${hint})`,
      run: async (fixture) => {
        const over = follows
        const claim = await holdClaim(fixture)
        assertKind(await keep(fixture, claim, { a: 1, b: 2 }, over), 'kept')
        assertSteps(await fixture.read(claim.recordKey), stepsOf({ a: 1, b: 2 }))
        assertKind(await keep(fixture, claim, { c: 3 }, over), 'kept')
        assertSteps(await fixture.read(claim.recordKey), stepsOf({ a: 1, b: 2, c: 3 }))
      },
    }),
  ),
  ...HINTS.map(
    ([hint, follows]): Case => ({
      guarantee: 10,
      name: `An abandon with a checkpoint adds its steps and leaves the others (${hint})`,
      run: async (fixture) => {
        for (const [claim, results] of [
          [await holdClaim(fixture), { b: 2, c: 3 }],
          [await holdSteps(fixture), { a: 1, b: 2, c: 3 }],
        ] as const) {
          assertKind(await abandonWith(fixture, claim, { b: 2, c: 3 }, follows), 'settled')
          const record = await readRecord(fixture, claim.recordKey)
          assertSteps(record, stepsOf(results))
          deepStrictEqual(
            'leaseExpiresAt' in record ? record.leaseExpiresAt : undefined,
            undefined,
            'there is no lease',
          )
        }
      },
    }),
  ),
  {
    guarantee: 10,
    name: 'Checkpoints at the same time are all kept',
    run: (fixture) =>
      repeatedly(async () => {
        const claim = await holdClaim(fixture)
        const answers = await Promise.all([
          keep(fixture, claim, { a: 1 }),
          keep(fixture, claim, { b: 2 }, { isNew: true }),
          keep(fixture, claim, { c: 3 }, { follows: true }),
        ])
        for (const answer of answers) assertKind(answer, 'kept')
        assertSteps(await fixture.read(claim.recordKey), stepsOf({ a: 1, b: 2, c: 3 }))
      }),
  },
  {
    guarantee: 10,
    name: 'A checkpoint after an abandon under the same token is kept',
    run: async (fixture) => {
      const claim = await endClaim(fixture, fixture.make.abandoned())
      assertKind(await keep(fixture, claim, { a: 1 }), 'kept')
      assertSteps(await fixture.read(claim.recordKey), stepsOf({ a: 1 }))
    },
  },
  ...HINTS.map(
    ([hint, follows]): Case => ({
      guarantee: 10,
      name: `A checkpoint of new names never replaces one (${hint})`,
      run: async (fixture) => {
        const over = { isNew: true, ...follows }
        const claim = await holdSteps(fixture)
        const before = await readRecord(fixture, claim.recordKey)
        assertKind(await keep(fixture, claim, { a: 9 }, over), 'lost')
        assertKind(await keep(fixture, claim, { a: 9, b: 2 }, over), 'lost')
        assertRecord(await fixture.read(claim.recordKey), before)
        assertKind(await keep(fixture, claim, { b: 2 }, over), 'kept')
        assertSteps(await fixture.read(claim.recordKey), stepsOf({ a: 1, b: 2 }))
      },
    }),
  ),
  ...HINTS.map(
    ([hint, follows]): Case => ({
      guarantee: 10,
      name: `A checkpoint of new names that arrives after an abandon is lost (${hint})`,
      run: async (fixture) => {
        const over = { isNew: true, ...follows }
        for (const claim of [await holdClaim(fixture), await holdSteps(fixture)]) {
          assertKind(await fixture.store.settle(claim, fixture.make.abandoned(), unhurried), 'settled')
          const before = await readRecord(fixture, claim.recordKey)
          assertKind(await keep(fixture, claim, { b: 2 }, over), 'lost')
          assertRecord(await fixture.read(claim.recordKey), before)
        }
      },
    }),
  ),
  {
    guarantee: 10,
    name: '64 steps with long names come back byte for byte, whatever happens to the buffers of the caller',
    run: async (fixture) => {
      const claim = await holdClaim(fixture)
      const bytes = Uint8Array.from({ length: 256 }, (_, index) => index)
      const names = Array.from({ length: 64 }, (_, index) => `${index}`.padStart(64, 'n'))
      const steps = new Map(names.map((name) => [name, Uint8Array.from(bytes)]))
      assertKind(await fixture.store.checkpoint(claim, { steps }, unhurried), 'kept')
      for (const given of steps.values()) given.fill(7)
      const expected = new Map(names.map((name) => [name, bytes]))
      assertSteps(await fixture.read(claim.recordKey), expected)
      assertKind(await fixture.store.settle(claim, fixture.make.abandoned(), unhurried), 'settled')
      const seen = await readRecord(fixture, claim.recordKey)
      assertKind(await fixture.store.takeOver(seen, fixture.make.takeOver(seen), unhurried), 'claimed')
      assertSteps(await fixture.read(claim.recordKey), expected)
    },
  },
]

export const CHECKPOINTS: readonly Case[] = [...RACING, ...FENCED, ...SENT_AGAIN, ...REFUSED, ...ENDS, ...ADDED]
