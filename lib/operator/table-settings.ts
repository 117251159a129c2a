import { StoreMisconfiguredError } from '../core/errors.ts'
import { ATTRIBUTES, type Item, text } from '../dynamodb/item.ts'

/** Who may approve an override. `'two-people'`: not the person who proposed it. */
export type OverrideRule = 'two-people' | 'one-person' | 'off'

/** The key of the item with the settings of the table. No operation is named so, and no function's grant matches it. */
export const SETTINGS_NAME = '#settings'
export const SETTINGS_KEY: Item = { [ATTRIBUTES.recordKey]: text(SETTINGS_NAME) }

/** The attribute of that item that says who may approve overrides. */
export const OVERRIDES = 'overrides'

const RULES: readonly string[] = ['two-people', 'one-person', 'off'] satisfies OverrideRule[]

/** Without the item two persons are needed. */
export const readOverrideRule = (item: Item | undefined): OverrideRule => {
  if (item === undefined) return 'two-people'
  const rule = item[OVERRIDES]?.S
  if (rule !== undefined && RULES.includes(rule)) return rule as OverrideRule
  throw new StoreMisconfiguredError(
    `The item "#settings" of the table has the ${OVERRIDES} "${rule}"; it must be one of ${RULES.join(', ')}`,
  )
}
