import { jsonAnswer, type WireAnswer } from '../gateway/answer.ts'
import type { Charge } from './ledger.ts'
import { kept, notBegun, type Reply, refusal } from './reply.ts'

/** A request for a charge that is valid. */
export interface Attempt {
  readonly key: string
  readonly source: string
  /** Writes the charge. */
  readonly make: (status: Charge['status']) => Charge
}

/** Reacts to a request. Each test source stands for one case. */
export type Source = (attempt: Attempt) => Reply | Promise<Reply>

export type Wait = (millis: number) => Promise<unknown>

const SLOW_MILLIS = 3_000

const DECLINED = { code: 'card-declined', field: 'source', rule: 'was declined; pay with another' } as const
const UNAVAILABLE = {
  code: 'unavailable',
  field: 'source',
  rule: 'cannot be reached at the moment; try again later',
} as const

export const createSources = (wait: Wait): ReadonlyMap<unknown, Source> => {
  const cut = new Set<string>()
  return new Map<string, Source>([
    ['tok_ok', (attempt) => kept(charged(attempt))],
    // The function that pays dies after or before this charge. For the provider it is like any other.
    ['tok_crash', (attempt) => kept(charged(attempt))],
    ['tok_crash_before', (attempt) => kept(charged(attempt))],
    ['tok_slow', async (attempt) => wait(SLOW_MILLIS).then(() => kept(charged(attempt)))],
    [
      'tok_declined',
      ({ source, make }) => {
        make('failed')
        return kept(refusal(402, { ...DECLINED, value: source }))
      },
    ],
    ['tok_error', () => kept(refusal(500, { code: 'error', rule: 'tok_error: an unexpected error' }))],
    ['tok_unavailable', ({ source }) => notBegun(refusal(503, { ...UNAVAILABLE, value: source }))],
    [
      'tok_cut_before',
      (attempt) => {
        if (cut.has(attempt.key)) return kept(charged(attempt))
        cut.add(attempt.key)
        return notBegun('cut')
      },
    ],
    ['tok_cut_after', (attempt) => ({ sent: 'cut', kept: charged(attempt) })],
  ])
}

const charged = ({ make }: Attempt): WireAnswer => jsonAnswer(201, make('succeeded'))
