import type { OverrideRule } from '../../lib/operator/table-settings.ts'
import type { Random } from './random.ts'

/** How persons let another payload use the key. */
export interface Overrides {
  readonly rule: OverrideRule
  /** The clocks of two persons minus the store's clock, as parts of the most that clocks differ. */
  readonly clocks: readonly [number, number]
}

export const drawOverrides = (random: Random): Overrides | undefined => {
  if (!random.chance(0.03)) return undefined
  const clock = (): number => random.pick([-1, 0, 1, 1, 1])
  return {
    rule: random.pick([
      'two-people',
      'two-people',
      'two-people',
      'two-people',
      'two-people',
      'one-person',
      'one-person',
      'off',
    ] as const),
    clocks: [clock(), clock()],
  }
}
