import type { IdempotencyEvent } from '../../lib/core/events.ts'
import type { Seen } from '../functions/seen.ts'
import { type Call, callsOf } from './calls.ts'

/**
 * `start`: a new process of the function loads. `claim`: the layer asks the store for the key. `run`: the handler runs.
 * `effect`: the handler calls another system. `settle`: the layer writes the outcome.
 */
export type BarKind = 'start' | 'claim' | 'run' | 'effect' | 'settle'

/** A span of an invocation. Times are epoch milliseconds. */
export interface Bar {
  readonly kind: BarKind
  readonly from: number
  /** Absent while it goes on. */
  readonly to?: number | undefined
}

/** A process that was loaded before gets its event at once. */
const LEAST_START_MILLIS = 10

type EventSeen = Extract<Seen, { type: 'event' }>
type About = EventSeen & { readonly event: IdempotencyEvent & { readonly recordKey: string } }

/** The bars of one invocation. */
export const barsOf = (seen: readonly Seen[]): readonly Bar[] => {
  const calls = callsOf(seen)
  const records = new Set(eventsOf(seen).map(({ event }) => event.recordKey))
  const lives = [...records].map((recordKey) => lifeOf(recordKey, seen, calls))
  return [...startOf(seen), ...lives.flatMap(({ bars }) => bars), ...effectsOf(calls, lives)]
}

const startOf = (seen: readonly Seen[]): readonly Bar[] => {
  const [began, running] = [atOf(seen, 'began'), atOf(seen, 'running')]
  if (began === undefined || (running ?? Infinity) - began < LEAST_START_MILLIS) return []
  return [{ kind: 'start', from: began, to: running ?? atOf(seen, 'ended') }]
}

/** What one record meets in an invocation. A batch has several. */
interface Life {
  readonly bars: readonly Bar[]
  readonly run: Bar | undefined
  /** The call that settled it. */
  readonly settling: Call | undefined
}

const lifeOf = (recordKey: string, seen: readonly Seen[], calls: readonly Call[]): Life => {
  const events = eventsOf(seen).filter(({ event }) => event.recordKey === recordKey)
  const won = events.find(({ event }) => event.type === 'claimed' || event.type === 'tookOver')
  if (won === undefined) return { bars: claimWithoutRun(events, seen), run: undefined, settling: undefined }
  const millis = 'claimMillis' in won.event ? won.event.claimMillis : 0
  const claim: Bar = { kind: 'claim', from: won.at - Math.ceil(millis), to: won.at }
  const end = events.find(({ at, event }) => at >= won.at && ENDS.has(event.type))
  if (end === undefined) {
    const run: Bar = { kind: 'run', from: won.at, to: atOf(seen, 'ended') }
    return { bars: [claim, run], run, settling: undefined }
  }
  const settling = calls.findLast(
    ({ to, from, at }) => to === 'database' && from >= won.at && (at ?? Infinity) <= end.at,
  )
  const run: Bar = { kind: 'run', from: won.at, to: settling?.from ?? end.at }
  return { bars: [claim, run, { kind: 'settle', from: settling?.from ?? end.at, to: end.at }], run, settling }
}

/** The events that end a claim. */
const ENDS: ReadonlySet<IdempotencyEvent['type']> = new Set(['completed', 'released', 'abandoned', 'lost', 'unstored'])

const claimWithoutRun = (events: readonly About[], seen: readonly Seen[]): readonly Bar[] => {
  const from = seen.find(({ type }) => type === 'called')?.at ?? atOf(seen, 'running')
  const to = events.at(-1)?.at
  return from === undefined || to === undefined ? [] : [{ kind: 'claim', from: Math.min(from, to), to }]
}

/** A call within a run that does not settle it. */
const effectsOf = (calls: readonly Call[], lives: readonly Life[]): readonly Bar[] =>
  calls
    .filter((call) =>
      lives.some(
        ({ run, settling }) =>
          run !== undefined && call !== settling && call.from >= run.from && call.from <= (run.to ?? Infinity),
      ),
    )
    .map(({ from, at }) => ({ kind: 'effect', from, to: at }))

const eventsOf = (seen: readonly Seen[]): readonly About[] =>
  seen.filter((one): one is About => one.type === 'event' && 'recordKey' in one.event)

const atOf = (seen: readonly Seen[], type: Seen['type']): number | undefined =>
  seen.find((one) => one.type === type)?.at
