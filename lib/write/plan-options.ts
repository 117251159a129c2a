import type { Rules } from '../core/option-rules.ts'

/** Options of the other entries that mean nothing without a claim. */
export type ClaimOptions = 'heartbeat' | 'storeDown' | 'unstored' | 'predecessor'

/** The rule of an option that another entry takes. `reason` says why this one does not. */
export const refused = (reason: string): Rules[string] => ({
  refused: true,
  rule: () => `must be absent: a one-shot write ${reason}`,
})

export const NO_CLAIM_OPTIONS: Rules = {
  heartbeat: refused('has no claim and no lease'),
  storeDown: refused('writes nothing without the store'),
  unstored: refused('stores its answer with its items, or neither'),
  predecessor: refused('looks into no other table before it writes'),
}
