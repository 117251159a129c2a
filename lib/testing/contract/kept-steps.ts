import { deepStrictEqual } from 'node:assert/strict'
import { checkpointOf } from '../../dynamodb/effects/checkpoint.ts'
import { nextGenerationAt } from '../../dynamodb/effects/next-generation.ts'
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
  unhurried,
} from './fixture.ts'
import { abandonWith, HINTS, holdSteps, keep, stepsOf } from './step-fixture.ts'

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
      assertKind(await store.nextGeneration(claim, nextGenerationAt(claim.createdAt), unhurried), 'begun')
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
      assertKind(await fixture.store.checkpoint(claim, checkpointOf({ steps }), unhurried), 'kept')
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

export const KEPT_STEPS: readonly Case[] = [...ENDS, ...ADDED]
