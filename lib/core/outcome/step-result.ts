import { decodeOutcome, OUTCOME_KINDS, OUTCOME_VERSION, valueOfOutcome } from './outcome.ts'

/** The entry of a step that has started and whose result is not kept. */
export const STARTED: Uint8Array = Uint8Array.of(OUTCOME_VERSION, OUTCOME_KINDS.started)

/** The value that a step has kept; `undefined` for the mark of a step that has started. */
export const keptValue = (entry: Uint8Array | undefined): { readonly value: unknown } | undefined => {
  if (entry === undefined) return undefined
  const outcome = decodeOutcome(entry)
  return outcome.kind === 'error' || outcome.kind === 'unavailable' ? undefined : { value: valueOfOutcome(outcome) }
}
