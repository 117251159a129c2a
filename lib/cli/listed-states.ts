import type { ListedState } from '../operator/list.ts'
import { UsageError } from './answer.ts'

export const LISTED_STATES: readonly ListedState[] = [
  'abandoned',
  'live',
  'failed',
  'released',
  'succeeded',
  'override',
]

export const asListedState = (text: string): ListedState => {
  const state = LISTED_STATES.find((known) => known === text)
  if (state !== undefined) return state
  throw new UsageError(`state is "${text}"; it must be one of ${LISTED_STATES.join(', ')}`)
}

/** After how many records, and how many read units, a list stops. */
export const LIST_BOUNDS = { limit: 100, readUnits: 10_000 } as const
