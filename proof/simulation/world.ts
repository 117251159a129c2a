import { deriveFingerprint, type Fingerprint } from '../../lib/core/identity/fingerprint.ts'
import { deriveRecordKey, type RecordKey } from '../../lib/core/identity/record-key.ts'
import type { StoredRecord } from '../../lib/core/record/record.ts'
import { type EpochMillis, epochMillis } from '../../lib/core/time.ts'
import { type MemoryStore, memoryStore } from '../../lib/memory/memory-store.ts'
import type {
  Aborted,
  Answered,
  Calm,
  Death,
  Freeze,
  History,
  InvocationEnd,
  RenewalAttempt,
  Rest,
  Run,
  Write,
} from './history.ts'
import { drawProfile, type Profile } from './profile.ts'
import { type Random, seededRandom } from './random.ts'
import { createItemTable, type ItemTable } from './table/item-table.ts'
import { tableStore } from './table/table-store.ts'
import type { Tally } from './tally.ts'
import { Timeline } from './timeline.ts'

/** Where the invocations of one execution environment run. */
export interface Host {
  readonly id: number
  /** Its clock less the store's. */
  readonly skew: number
  /** Stopped: timers and answers wait until then. */
  frozenUntil: number
}

/** A line of the readable log. A function: where nobody reads, nothing is written. */
export type Log = (line: () => string) => void

/** Everything that one schedule shares. */
export interface World {
  readonly random: Random
  readonly timeline: Timeline
  readonly profile: Profile
  readonly store: MemoryStore
  /** Below the store, where it is the one of DynamoDB. */
  readonly table: ItemTable | undefined
  readonly hosts: readonly Host[]
  readonly writes: Write[]
  readonly runs: Run[]
  readonly answers: Answered[]
  readonly aborts: Aborted[]
  readonly attempts: RenewalAttempt[]
  readonly ends: InvocationEnd[]
  readonly freezes: Freeze[]
  readonly calms: Calm[]
  readonly rests: Rest[]
  /** What the last write replaced, and when: a read may still see it. */
  replaced: { readonly record: StoredRecord | undefined; readonly at: number }
  readonly deaths: Death[]
  /** Requests that were refused for no reason of the record's. */
  refusals: number
  /** No new faults from here on. */
  isCalm: boolean
  tokens: number
  invocations: number
  readonly log: Log | undefined
  /** The next place in the one order of things. */
  order(): number
  read(): StoredRecord | undefined
  readonly count: Tally['count']
}

export const RECORD_KEY: RecordKey = deriveRecordKey({ operation: 'simulated', tenant: 'single-tenant', key: 'key' })

export const FINGERPRINTS: readonly [Fingerprint, Fingerprint] = [
  deriveFingerprint([{ kind: 'text', text: 'first payload' }]),
  deriveFingerprint([{ kind: 'text', text: 'second payload' }]),
]

const START = 1_800_000_000_000

/** `memory`: the reference store. `lean`: the DynamoDB store with its client without the SDK, over a simulated table. */
export type Over = 'memory' | 'lean'

export interface Setting {
  readonly seed: number
  readonly over: Over
  readonly tally: Tally
  readonly log?: Log
}

export const createWorld = ({ seed, over, tally, log }: Setting): World => {
  const random = seededRandom(seed)
  const profile = drawProfile(random)
  const timeline = new Timeline(START + random.between(0, 999))
  // DynamoDB tells its time in the `Date` header: whole seconds, cut off.
  const now = (): EpochMillis => epochMillis(Math.floor(timeline.now / 1000) * 1000)
  const table = over === 'lean' ? createItemTable() : undefined
  let order = 0
  return {
    random,
    timeline,
    profile,
    store: table === undefined ? memoryStore({ now }) : tableStore(table, now),
    table,
    hosts: Array.from({ length: profile.hosts }, (_, id) => host(id, random, profile)),
    writes: [],
    runs: [],
    answers: [],
    aborts: [],
    attempts: [],
    ends: [],
    freezes: [],
    calms: [],
    rests: [],
    replaced: { record: undefined, at: Number.NEGATIVE_INFINITY },
    deaths: [],
    refusals: 0,
    isCalm: false,
    tokens: 0,
    invocations: 0,
    log,
    order: () => order++,
    read() {
      return this.store.read(RECORD_KEY)
    },
    count: tally.count,
  }
}

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
  answers,
  aborts,
  attempts,
  ends,
  freezes,
  calms,
  rests,
  deaths,
  refusals,
  invocations,
}: World): History => ({
  profile,
  skew: store.skew,
  hostSkews: hosts.map(({ skew }) => skew),
  writes,
  runs,
  answers,
  aborts,
  attempts,
  ends,
  freezes,
  calms,
  rests,
  deaths,
  refusals,
  invocations,
})
