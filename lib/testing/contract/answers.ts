import { deepStrictEqual, fail, ok } from 'node:assert/strict'
import { StoreUnavailableError } from '../../core/errors.ts'
import { recordOf } from '../../core/record/claim.ts'
import type { Settlement } from '../../core/record/store.ts'
import { epochMillis } from '../../core/time.ts'
import { checkpointOf } from '../../dynamodb/effects/checkpoint.ts'
import {
  assertKind,
  assertRecord,
  type Case,
  endClaim,
  type Fixture,
  holdClaim,
  readRecord,
  SETTLEMENTS,
  STATES,
  unhurried,
} from './fixture.ts'

/** What may differ between two completions of one claim. */
const OTHER_COMPLETIONS: readonly (readonly [string, object])[] = [
  ['outcome', { outcome: Uint8Array.of(1, 0, 7) }],
  ['time', { settledAt: epochMillis(1) }],
  ['status', { status: 'FAILED' }],
]

/** 4. A write refused because an earlier send of the same write was applied is answered as if it were applied now. */
const SENT_AGAIN: readonly Case[] = [
  {
    guarantee: 4,
    name: 'A claim that is sent twice succeeds both times, and is written once',
    run: async (fixture) => {
      const claim = await holdClaim(fixture)
      assertKind(await fixture.store.claim(claim, unhurried), 'claimed')
      assertRecord(await fixture.read(claim.recordKey), recordOf(claim))
    },
  },
  {
    guarantee: 4,
    name: 'A take-over that is sent twice succeeds both times, and is written once',
    run: async (fixture) => {
      const { store, make } = fixture
      const seen = await readRecord(fixture, (await endClaim(fixture, make.abandoned())).recordKey)
      const claim = make.takeOver(seen)
      assertKind(await store.takeOver(seen, claim, unhurried), 'claimed')
      assertKind(await store.takeOver(seen, claim, unhurried), 'claimed')
      assertRecord(await fixture.read(seen.recordKey), recordOf(claim))
    },
  },
  {
    guarantee: 4,
    name: 'A renewal that is sent twice, or arrives after a longer one, succeeds, and is written once',
    run: async (fixture) => {
      const { store, make } = fixture
      const claim = await holdClaim(fixture)
      await store.renew(claim, make.renewal(make.leaseEnd + 20_000), unhurried)
      const { revision } = await readRecord(fixture, claim.recordKey)
      assertKind(await store.renew(claim, make.renewal(make.leaseEnd + 20_000), unhurried), 'renewed')
      assertKind(await store.renew(claim, make.renewal(make.leaseEnd + 10_000), unhurried), 'renewed')
      deepStrictEqual((await readRecord(fixture, claim.recordKey)).revision, revision)
    },
  },
  ...SETTLEMENTS.map(
    ([name, settlement]): Case => ({
      guarantee: 4,
      name: `A settlement that is sent twice succeeds both times, and is written once: ${name}`,
      run: async (fixture) => {
        const claim = await endClaim(fixture, settlement(fixture.make))
        const before = await readRecord(fixture, claim.recordKey)
        assertKind(await fixture.store.settle(claim, settlement(fixture.make), unhurried), 'settled')
        assertRecord(await fixture.read(claim.recordKey), before)
      },
    }),
  ),
  ...OTHER_COMPLETIONS.map(
    ([name, changed]): Case => ({
      guarantee: 4,
      name: `A completion with another ${name} under the same token is lost: it is not the one that was stored`,
      run: async (fixture) => {
        const { store, make } = fixture
        const claim = await endClaim(fixture, make.completed())
        const before = await readRecord(fixture, claim.recordKey)
        assertKind(await store.settle(claim, { ...make.completed(), ...changed } as Settlement, unhurried), 'lost')
        assertRecord(await fixture.read(claim.recordKey), before)
      },
    }),
  ),
  ...SETTLEMENTS.filter(([name]) => name !== 'abandoned').map(
    ([name, settlement]): Case => ({
      guarantee: 4,
      name: `A late duplicate of a claim that was ${name} is refused: the token alone proves nothing`,
      run: async (fixture) => {
        const { store, make } = fixture
        const claim = await endClaim(fixture, settlement(make))
        const before = await readRecord(fixture, claim.recordKey)
        assertKind(await store.claim(claim, unhurried), 'occupied')
        const seen = { ...before, revision: 1, claimToken: make.claim().claimToken }
        assertKind(await store.takeOver(seen, claim, unhurried), 'occupied')
        assertRecord(await fixture.read(claim.recordKey), before)
      },
    }),
  ),
]

/** 5. A refusal carries the record as it stood at that moment. */
const REFUSALS: readonly Case[] = STATES.map(
  ([name, settlement]): Case => ({
    guarantee: 5,
    name: `A refusal carries the current record, which is ${name}`,
    run: async (fixture) => {
      const { store, make } = fixture
      const { recordKey } = await endClaim(fixture, settlement?.(make))
      const record = await readRecord(fixture, recordKey)
      const stranger = make.claim({ recordKey })
      const other = { ...record, claimToken: stranger.claimToken }
      const refusals = [
        await store.claim(stranger, unhurried),
        await store.takeOver(other, make.takeOver(other), unhurried),
        await store.renew(stranger, make.renewal(make.leaseEnd), unhurried),
        await store.settle(stranger, make.completed(), unhurried),
      ]
      for (const refusal of refusals) assertRecord('record' in refusal ? refusal.record : undefined, record)
    },
  }),
)

/** The longest time that guarantee 9 accepts. */
const SOON_MS = 1_000

/** Stops waiting for a call that does not end, so the case fails and does not hang. */
const endsSoon = async (what: string, call: Promise<unknown>): Promise<unknown> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} still runs ${SOON_MS} ms after its caller gave up`)), SOON_MS)
  })
  try {
    return await Promise.race([call.catch((error: unknown) => error), late])
  } finally {
    clearTimeout(timer)
  }
}

type Calls = readonly (readonly [string, (signal: AbortSignal) => Promise<unknown>])[]

/** One call of each kind, each for a different record. */
const callsOf = async (fixture: Fixture): Promise<Calls> => {
  const { store, make } = fixture
  const seen = recordOf(await holdClaim(fixture))
  const [renewing, keeping, settling, peeking] = [
    await holdClaim(fixture),
    await holdClaim(fixture),
    await holdClaim(fixture),
    await holdClaim(fixture),
  ]
  return [
    ['claim', (signal) => store.claim(make.claim(), signal)],
    ['takeOver', (signal) => store.takeOver(seen, make.takeOver(seen), signal)],
    ['renew', (signal) => store.renew(renewing, make.renewal(make.leaseEnd + 1), signal)],
    [
      'checkpoint',
      (signal) => store.checkpoint(keeping, checkpointOf({ steps: new Map([['a', Uint8Array.of(1, 0)]]) }), signal),
    ],
    ['settle', (signal) => store.settle(settling, make.completed(), signal)],
    ['peek', (signal) => store.peek(peeking.recordKey, signal)],
  ]
}

const isUnavailable = (ending: unknown): boolean => ending instanceof StoreUnavailableError

/** 9. Each call ends soon after `signal` aborts, with `StoreUnavailableError`: its fate counts as unknown. */
export const GIVEN_UP: readonly Case[] = [
  {
    guarantee: 9,
    name: 'A call whose caller has already given up ends as unavailable',
    run: async (fixture) => {
      for (const [name, call] of await callsOf(fixture)) {
        const ending = await endsSoon(name, call(AbortSignal.abort()))
        ok(isUnavailable(ending), `${name} ends with StoreUnavailableError`)
      }
    },
  },
  {
    guarantee: 9,
    name: 'A call whose caller gives up during it ends as unavailable, unless it already had its answer',
    run: async (fixture) => {
      for (const [name, call] of await callsOf(fixture)) {
        const caller = new AbortController()
        const under = call(caller.signal)
        caller.abort()
        const ending = await endsSoon(name, under)
        if (ending instanceof Error && !isUnavailable(ending)) fail(ending)
      }
    },
  },
]

export const ANSWERS: readonly Case[] = [...SENT_AGAIN, ...REFUSALS]
