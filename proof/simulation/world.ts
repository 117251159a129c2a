import { deriveFingerprint, type Fingerprint } from '../../lib/core/identity/fingerprint.ts'
import { deriveRecordKey, type RecordKey } from '../../lib/core/identity/record-key.ts'
import type { StoredRecord } from '../../lib/core/record/record.ts'
import type { TransactItem } from '../../lib/core/record/store.ts'
import { type EpochMillis, epochMillis } from '../../lib/core/time.ts'
import { type MemoryStore, memoryStore } from '../../lib/memory/memory-store.ts'
import { type Caches, noCaches } from './caching.ts'
import { createDownstream, type Downstream } from './downstream.ts'
import type {
  Aborted,
  Answered,
  Calm,
  Death,
  DoubtfulSend,
  Effect,
  Freeze,
  History,
  InvocationEnd,
  Loss,
  LossReport,
  Question,
  RenewalAttempt,
  Rest,
  Run,
  Write,
} from './history.ts'
import { drawProfile, type Profile } from './profile.ts'
import { type Random, seededRandom } from './random.ts'
import { applyItems, createShop, type Shop } from './shop.ts'
import { createItemTable, type ItemTable } from './table/item-table.ts'
import { tableStore } from './table/table-store.ts'
import type { Tally } from './tally.ts'
import { Timeline } from './timeline.ts'

/** One execution environment, in which invocations run. */
export interface Host {
  readonly id: number
  /** Its clock minus the store's clock, in milliseconds. */
  readonly skew: number
  /** Until this time it is frozen: timers and answers wait. */
  frozenUntil: number
}

/** A line of the log. A function, so that no text is built without a log. */
export type Log = (line: () => string) => void

/** The shared state of one schedule. */
export interface World {
  readonly random: Random
  readonly timeline: Timeline
  readonly profile: Profile
  readonly store: MemoryStore
  /** The table below the DynamoDB store; `undefined` with the reference store. */
  readonly table: ItemTable | undefined
  readonly hosts: readonly Host[]
  readonly writes: Write[]
  readonly runs: Run[]
  readonly questions: Question[]
  readonly effects: Effect[]
  readonly downstream: Downstream
  readonly caches: Caches
  readonly answers: Answered[]
  readonly aborts: Aborted[]
  readonly attempts: RenewalAttempt[]
  readonly ends: InvocationEnd[]
  readonly freezes: Freeze[]
  readonly calms: Calm[]
  readonly rests: Rest[]
  /** What the last write replaced, and when. An eventually consistent read may still see it. */
  replaced: { readonly record: StoredRecord | undefined; readonly at: number }
  readonly deaths: Death[]
  /** What the owners learned from refused checkpoints. */
  readonly losses: Loss[]
  readonly lossReports: LossReport[]
  readonly shop: Shop
  readonly doubts: DoubtfulSend[]
  /** Requests that the store refused for a reason other than the record. */
  refusals: number
  /** Whether no new faults happen. */
  isCalm: boolean
  tokens: number
  /** Numbers the results of steps. */
  results: number
  invocations: number
  readonly log: Log | undefined
  /** Returns the next place in the total order. */
  order(): number
  read(): StoredRecord | undefined
  /** Whether the store holds steps for the record, also where a record of its status has none. */
  holdsSteps(): boolean
  readonly count: Tally['count']
}

export const RECORD_KEY: RecordKey = deriveRecordKey({ operation: 'simulated', tenant: 'single-tenant', key: 'key' })

export const FINGERPRINTS: readonly [Fingerprint, Fingerprint] = [
  deriveFingerprint([{ kind: 'text', text: 'first payload' }]),
  deriveFingerprint([{ kind: 'text', text: 'second payload' }]),
]

/** Each that a caller may have. The third comes only with overrides. */
export const PAYLOADS: readonly Fingerprint[] = [
  ...FINGERPRINTS,
  deriveFingerprint([{ kind: 'text', text: 'third payload' }]),
]

const START = 1_800_000_000_000

/**
 * `memory`: the reference store. `lean`: the DynamoDB store, with its client without the SDK, over a simulated table.
 */
export type Over = 'memory' | 'lean'

export interface Setting {
  readonly seed: number
  readonly over: Over
  readonly tally: Tally
  readonly log?: Log
}

export const createWorld = ({ seed, over, tally, log }: Setting): World => {
  const random = seededRandom(seed)
  const profile = drawProfile(random, seededRandom(~seed))
  const timeline = new Timeline(START + random.between(0, 999))
  // DynamoDB reports its time in the `Date` header, in whole seconds, rounded down.
  const now = (): EpochMillis => epochMillis(Math.floor(timeline.now / 1000) * 1000)
  const table = over === 'lean' ? createItemTable() : undefined
  let orders = 0
  const order = (): number => orders++
  const shop = createShop()
  const transact = (items: readonly TransactItem[]) => applyItems(shop, items, { order: order(), at: timeline.now })
  return {
    random,
    timeline,
    profile,
    store: table === undefined ? memoryStore({ now, transact }) : tableStore(table, now),
    table,
    hosts: Array.from({ length: profile.hosts }, (_, id) => host(id, random, profile)),
    writes: [],
    runs: [],
    questions: [],
    effects: [],
    downstream: createDownstream(profile),
    caches: noCaches(),
    answers: [],
    aborts: [],
    attempts: [],
    ends: [],
    freezes: [],
    calms: [],
    rests: [],
    replaced: { record: undefined, at: Number.NEGATIVE_INFINITY },
    deaths: [],
    losses: [],
    lossReports: [],
    shop,
    doubts: [],
    refusals: 0,
    isCalm: false,
    tokens: 0,
    results: 0,
    invocations: 0,
    log,
    order,
    read() {
      return this.store.read(RECORD_KEY)
    },
    holdsSteps() {
      return this.table === undefined ? hasSteps(this.read()) : this.table.hasSteps(RECORD_KEY)
    },
    count: tally.count,
  }
}

const hasSteps = (record: StoredRecord | undefined): boolean =>
  (record as { readonly steps?: unknown } | undefined)?.steps !== undefined

const host = (id: number, random: Random, { clockSpread }: Profile): Host => ({
  id,
  skew: random.between(-clockSpread, clockSpread),
  frozenUntil: 0,
})

export const historyOf = ({
  profile,
  store,
  hosts,
  writes,
  runs,
  questions,
  effects,
  answers,
  aborts,
  attempts,
  ends,
  freezes,
  calms,
  rests,
  deaths,
  losses,
  lossReports,
  shop,
  doubts,
  refusals,
  invocations,
}: World): History => ({
  profile,
  skew: store.skew,
  hostSkews: hosts.map(({ skew }) => skew),
  writes,
  runs,
  questions,
  effects,
  answers,
  aborts,
  attempts,
  ends,
  freezes,
  calms,
  rests,
  deaths,
  losses,
  lossReports,
  rows: shop.rows,
  doubts,
  refusals,
  invocations,
})
