import { deepStrictEqual, fail, ok } from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { StoreUnavailableError } from '../../core/errors.ts'
import { type Claim, recordOf } from '../../core/record/claim.ts'
import { settledRecord } from '../../core/record/settled-record.ts'
import type { Commit, CommitAnswer, Settlement } from '../../core/record/store.ts'
import type { Claims } from '../claims.ts'
import {
  assertKind,
  assertRecord,
  type Case,
  type ContractRows,
  endClaim,
  type Fixture,
  holdClaim,
  readRecord,
  SETTLEMENTS,
  unhurried,
} from './fixture.ts'

/** How many times two writes race. */
const ROUNDS = 20

/** The ways to end a claim. A fenced abandon has another token afterwards. */
const ENDS: readonly (readonly [string, (make: Claims) => Settlement])[] = [
  ...SETTLEMENTS.filter(([name]) => name !== 'abandoned'),
  ['abandoned with a fence', (make) => make.fenced()],
]

/** A commit that writes rows, and the ids of those rows. */
interface RowCommit {
  readonly commit: Commit
  readonly ids: readonly string[]
}

/** The cases of `commit`: the other guarantees hold for it too, and 11 is its own. */
export const commitCases = (rows: ContractRows): readonly Case[] => {
  const rowCommit = ({ make }: Fixture, outcome?: Uint8Array): RowCommit => {
    const ids = [randomUUID(), randomUUID()]
    return { ids, commit: make.commit(ids.map(rows.put), outcome) }
  }

  const rowsAre = async (ids: readonly string[], expected: boolean): Promise<void> =>
    deepStrictEqual(
      await Promise.all(ids.map(rows.has)),
      ids.map(() => expected),
      `the rows ${expected ? 'exist' : 'do not exist'}`,
    )

  /** The commit is lost: the record is as before, and no row is written. */
  const assertLost = async (fixture: Fixture, claim: Claim, answer: CommitAnswer, ids: readonly string[]) => {
    assertKind(answer, 'lost')
    assertRecord('record' in answer ? answer.record : undefined, await fixture.read(claim.recordKey))
    await rowsAre(ids, false)
  }

  const completes: Case = {
    guarantee: 11,
    name: 'A commit writes its rows and completes the record, and adds one to the revision',
    run: async (fixture) => {
      const claim = await holdClaim(fixture)
      const { commit, ids } = rowCommit(fixture)
      deepStrictEqual(await fixture.store.commit(claim, commit, unhurried), { kind: 'committed' })
      assertRecord(await fixture.read(claim.recordKey), settledRecord(claim, commit.completion))
      await rowsAre(ids, true)
    },
  }

  const refuses: Case = {
    guarantee: 11,
    name: 'A condition of an item that does not hold refuses all: a reason for each item in order, and the record is as before',
    run: async (fixture) => {
      const { store, make } = fixture
      const taken = rowCommit(fixture)
      assertKind(await store.commit(await holdClaim(fixture), taken.commit, unhurried), 'committed')
      const claim = await holdClaim(fixture)
      const [first, last] = [randomUUID(), randomUUID()]
      const ids = [first, taken.ids[0] ?? '', last]
      const answer = await store.commit(claim, make.commit(ids.map(rows.put)), unhurried)
      const reasons = answer.kind === 'refused' ? answer.reasons : fail(`The commit is ${answer.kind}`)
      deepStrictEqual(
        reasons.map((reason) => reason !== undefined),
        [false, true, false],
        'only the item whose condition does not hold has a reason',
      )
      assertRecord(await fixture.read(claim.recordKey), recordOf(claim))
      await rowsAre([first, last], false)
      assertKind(await store.commit(claim, make.commit([rows.put(first)]), unhurried), 'committed')
      await rowsAre([first], true)
    },
  }

  const afterTheEnd = ENDS.map(
    ([name, settlement]): Case => ({
      guarantee: 3,
      name: `A commit of a claim that was ${name} is lost, and writes no row`,
      run: async (fixture) => {
        const claim = await endClaim(fixture, settlement(fixture.make))
        const { commit, ids } = rowCommit(fixture, Uint8Array.of(1, 0, 7))
        await assertLost(fixture, claim, await fixture.store.commit(claim, commit, unhurried), ids)
      },
    }),
  )

  const afterATakeOver: Case = {
    guarantee: 3,
    name: 'After a take-over a commit of the old owner is lost, and writes no row',
    run: async (fixture) => {
      const { store, make } = fixture
      const claim = await holdClaim(fixture)
      await store.takeOver(recordOf(claim), make.takeOver(recordOf(claim)), unhurried)
      const { commit, ids } = rowCommit(fixture)
      await assertLost(fixture, claim, await store.commit(claim, commit, unhurried), ids)
    },
  }

  const withoutARecord: Case = {
    guarantee: 3,
    name: 'A commit does not bring a deleted record back, and writes no row',
    run: async (fixture) => {
      const claim = fixture.make.claim()
      const { commit, ids } = rowCommit(fixture)
      assertKind(await fixture.store.commit(claim, commit, unhurried), 'lost')
      assertRecord(await fixture.read(claim.recordKey), undefined)
      await rowsAre(ids, false)
    },
  }

  const again = (['the same request token', 'another request token'] as const).map(
    (token): Case => ({
      guarantee: 4,
      name: `A commit that is sent again under ${token} succeeds, although its own rows make its conditions false`,
      run: async (fixture) => {
        const { store } = fixture
        const claim = await holdClaim(fixture)
        const { commit, ids } = rowCommit(fixture)
        assertKind(await store.commit(claim, commit, unhurried), 'committed')
        const before = await readRecord(fixture, claim.recordKey)
        const next = token === 'the same request token' ? commit : { ...commit, requestToken: randomUUID() }
        assertKind(await store.commit(claim, next, unhurried), 'committed')
        assertRecord(await fixture.read(claim.recordKey), before)
        await rowsAre(ids, true)
      },
    }),
  )

  const another: Case = {
    guarantee: 4,
    name: 'Another commit under the same token is lost: it is not the one that was stored',
    run: async (fixture) => {
      const claim = await holdClaim(fixture)
      await fixture.store.commit(claim, rowCommit(fixture).commit, unhurried)
      const { commit, ids } = rowCommit(fixture, Uint8Array.of(1, 0, 7))
      await assertLost(fixture, claim, await fixture.store.commit(claim, commit, unhurried), ids)
    },
  }

  const races: Case = {
    guarantee: 1,
    name: 'If an owner commits and a contender takes over at the same time, exactly one succeeds',
    run: async (fixture) => {
      const { store, make } = fixture
      for (let round = 0; round < ROUNDS; round++) {
        const claim = await holdClaim(fixture)
        const { commit, ids } = rowCommit(fixture)
        const takeOver = () => store.takeOver(recordOf(claim), make.takeOver(recordOf(claim)), unhurried)
        const earlier = round % 2 === 0 ? takeOver() : undefined
        const committing = store.commit(claim, commit, unhurried)
        const [answer, tookOver] = await Promise.all([committing, earlier ?? takeOver()])
        const isCommitted = answer.kind === 'committed'
        // A conflict between the two is an answer as well: then neither may have been applied.
        if (answer.kind !== 'busy') deepStrictEqual(tookOver.kind === 'claimed', !isCommitted, 'exactly one succeeds')
        await rowsAre(ids, isCommitted)
      }
    },
  }

  const givenUp: Case = {
    guarantee: 9,
    name: 'A commit whose caller has already given up ends as unavailable, and writes no row',
    run: async (fixture) => {
      const claim = await holdClaim(fixture)
      const { commit, ids } = rowCommit(fixture)
      const ending = await fixture.store.commit(claim, commit, AbortSignal.abort()).catch((error: unknown) => error)
      ok(ending instanceof StoreUnavailableError, 'commit ends with StoreUnavailableError')
      await rowsAre(ids, false)
    },
  }

  return [completes, refuses, ...afterTheEnd, afterATakeOver, withoutARecord, ...again, another, races, givenUp]
}
