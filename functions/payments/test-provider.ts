import type { Charge, Charged, Provider } from './charge.ts'
import type { Refusal } from './refusal.ts'

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

type Source = (charge: Charge) => Charged | Promise<Charged>

/** One source for each outcome of a charge, to try by hand. */
const SOURCES: ReadonlyMap<string, Source> = new Map<string, Source>([
  ['tok_ok', (charge) => charged(charge)],
  // The process dies after the payment is written.
  ['tok_crash', (charge) => charged(charge)],
  // The first run dies before it charges.
  ['tok_crash_before', (charge) => charged(charge)],
  ['tok_declined', () => ({ kind: 'refused', ...declined })],
  ['tok_slow', (charge) => new Promise((resolve) => setTimeout(resolve, SLOW_MILLIS, charged(charge)))],
  [
    'tok_error',
    () => {
      throw new Error('tok_error: the payment provider gave an unexpected answer')
    },
  ],
  ['tok_unavailable', () => ({ kind: 'refused', ...unavailable })],
])

/** Charges no one and remembers nothing, so that the example runs where it has no provider. */
export const testProvider: Provider = {
  charge: async (key, { source }) => {
    const pay = SOURCES.get(source)
    if (pay !== undefined) return pay({ id: `ch_${key}`, status: 'succeeded', createdAt: new Date().toISOString() })
    const rule = `must be one of ${[...SOURCES.keys()].join(', ')}`
    return { kind: 'refused', statusCode: 400, field: 'source', value: source, rule }
  },
  find: async () => undefined,
}

const charged = (charge: Charge): Charged => ({ kind: 'charged', charge })
