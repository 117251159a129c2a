import type { Refusal } from './refusal.ts'

/** A test source: what happens before and after the payment row is written. */
export interface Source {
  readonly name: string
  /** Refuses the payment, throws, or waits. */
  readonly before?: () => Promise<Refusal | undefined>
  /** Called only by the run that wrote the row, not by a later run that finds the row. */
  readonly afterFirstWrite?: () => void
}

const SLOW_MILLIS = 3_000

const declined: Refusal = {
  statusCode: 402,
  field: 'source',
  value: 'tok_declined',
  rule: 'was declined; pay with another',
}
const unavailable: Refusal = {
  statusCode: 503,
  field: 'source',
  value: 'tok_unavailable',
  rule: 'cannot be reached at the moment; try again later',
}

/** One source for each outcome of a payment, to try by hand. */
const SOURCES: readonly Source[] = [
  { name: 'tok_ok' },
  { name: 'tok_declined', before: async () => declined },
  { name: 'tok_slow', before: () => new Promise((resolve) => setTimeout(resolve, SLOW_MILLIS, undefined)) },
  {
    name: 'tok_error',
    before: async () => {
      throw new Error('tok_error: the payment processor gave an unexpected answer')
    },
  },
  { name: 'tok_unavailable', before: async () => unavailable },
  // The process dies after the effect and before the answer: the case that idempotency is for.
  { name: 'tok_crash', afterFirstWrite: () => process.exit(1) },
]

export const SOURCE_NAMES: readonly string[] = SOURCES.map(({ name }) => name)

export const sourceNamed = (name: unknown): Source | undefined => SOURCES.find((source) => source.name === name)
