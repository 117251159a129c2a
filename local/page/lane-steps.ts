import type { IdempotencyEvent } from '../../lib/core/events.ts'
import type { Seen } from '../functions/seen.ts'
import { type Call, callsOf } from './calls.ts'

/** What an invocation did, in words, in its order. */
export const stepsOf = (seen: readonly Seen[]): readonly string[] => {
  const running = seen.find(({ type }) => type === 'running')
  const began = seen[0]?.at ?? 0
  const start = (running?.at ?? began) - began
  const calls = callsOf(seen).filter(({ to }) => to === 'other')
  const told = [
    ...seen.flatMap((one) => (one.type === 'event' ? [{ at: one.at, says: eventWords(one.event) }] : [])),
    ...calls.map((call) => ({ at: call.from, says: callWords(call) })),
  ].sort((a, b) => a.at - b.at)
  return [
    ...(start >= LEAST_START_MILLIS ? [`a new process started in ${start} ms`] : []),
    ...told.map(({ says }) => says),
  ]
}

const LEAST_START_MILLIS = 10

const callWords = ({ name, from, at, failed }: Call): string => {
  if (at === undefined) return `called the provider (${name})`
  return `called the provider (${name}, ${at - from} ms${failed ? ', no answer' : ''})`
}

const eventWords = (event: IdempotencyEvent): string => {
  switch (event.type) {
    case 'claimed':
      return `claimed the key (${Math.round(event.claimMillis)} ms)`
    case 'tookOver':
      return `took over the ${event.reason} record: attempt ${event.attempt} (${Math.round(event.claimMillis)} ms)`
    case 'replayed':
      return 'found the stored answer: ran nothing'
    case 'conflicted':
      return 'another one has the key: ran nothing'
    case 'mismatched':
      return 'the key has another body: ran nothing'
    case 'outcomeUnknown':
      return 'the record waits for a person: ran nothing'
    case 'completed':
      return 'stored the answer'
    case 'released':
      return 'released the key: nothing was done'
    case 'abandoned':
      return `gave the key up in doubt${event.lastError === undefined ? '' : ` (${event.lastError})`}`
    case 'reconciled':
      return `asked the provider what happened: ${event.decision}`
    case 'lost':
      return 'had lost the key to another invocation'
    case 'storeFailed':
      return `could not reach the store (${event.step})`
    case 'unstored':
      return 'could not store the answer'
    default:
      return event.type
  }
}
