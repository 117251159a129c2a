import type { Rule, Rules } from '../core/option-rules.ts'

/** Options of the other entries that mean nothing without a claim. */
export type ClaimOptions = 'heartbeat' | 'storeDown' | 'unstored'

const mustBeAbsent: Rule = () => 'must be absent: a one-shot write has no claim, and stores its answer with its items'

export const NO_CLAIM_OPTIONS: Rules = {
  heartbeat: { rule: mustBeAbsent },
  storeDown: { rule: mustBeAbsent },
  unstored: { rule: mustBeAbsent },
}

export const absent = (...names: readonly string[]): Rules =>
  Object.fromEntries(names.map((name) => [name, { rule: mustBeAbsent }]))
