import type { Seen } from '../functions/seen.ts'
import { type Bar, barsOf } from './bars.ts'
import { endOf, type LaneEnd } from './lane-end.ts'
import { stepsOf } from './lane-steps.ts'

/** One invocation, as the timeline shows it. Times are epoch milliseconds. */
export interface Lane {
  readonly id: string
  /** Invocations that overlap, or follow each other at once, share a group and its time axis. */
  readonly group: number
  /** For example `POST /payments`. */
  readonly title: string
  /** The idempotency key of the request; absent if it has none. */
  readonly key?: string | undefined
  /** The record that it met. */
  readonly recordKey?: string | undefined
  readonly from: number
  readonly to?: number | undefined
  readonly bars: readonly Bar[]
  /** What it did, in words, in its order. */
  readonly steps: readonly string[]
  /** Absent while it runs. */
  readonly end?: LaneEnd | undefined
}

/** `seen` is all of one invocation, in its order, and begins with `began`. */
export const laneOf = (group: number, seen: readonly Seen[]): Lane => {
  const [first] = seen
  if (first?.type !== 'began') throw new Error('An invocation begins with `began`')
  const ended = seen.find(({ type }) => type === 'ended')
  return {
    id: first.invocation,
    group,
    ...requestOf(first.functionName, first.event),
    recordKey: recordKeyIn(seen),
    from: first.at,
    to: ended?.at,
    bars: barsOf(seen),
    steps: stepsOf(seen),
    end: endOf(seen),
  }
}

const recordKeyIn = (seen: readonly Seen[]): string | undefined => {
  for (const one of seen) if (one.type === 'event' && 'recordKey' in one.event) return one.event.recordKey
  return undefined
}

/** The parts of an HTTP event, or of a batch, that name it. */
interface NamingEvent {
  readonly headers?: Readonly<Record<string, string>>
  readonly requestContext?: { readonly http?: { readonly method: string; readonly path: string } }
  readonly Records?: readonly unknown[]
}

const requestOf = (functionName: string, event: unknown): Pick<Lane, 'title' | 'key'> => {
  const { headers, requestContext, Records } = event as NamingEvent
  if (requestContext?.http !== undefined) {
    const { method, path } = requestContext.http
    return { title: `${method} ${path}`, key: headers?.['idempotency-key'] }
  }
  const messages = Records?.length
  return {
    title:
      messages === undefined ? functionName : `${functionName}: ${messages} ${messages === 1 ? 'message' : 'messages'}`,
  }
}
