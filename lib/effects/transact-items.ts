import { isObject } from '../core/option-rules.ts'

const ACTIONS = ['Put', 'Update', 'Delete', 'ConditionCheck'] as const

/** Throws `TypeError` if DynamoDB could not take them. `where` is the start of its message. */
export const assertItems = (where: string, items: unknown, most: number): void => {
  if (!Array.isArray(items) || items.length === 0 || items.length > most)
    throw new TypeError(`${where}: items must be an array of 1 to ${most} items`)
  const wrong = items.findIndex((item) => !isOneAction(item))
  if (wrong !== -1) throw new TypeError(`${where}: items[${wrong}] must have exactly one of ${ACTIONS.join(', ')}`)
}

const isOneAction = (item: unknown): boolean => {
  if (!isObject(item)) return false
  const given = Object.keys(item).filter((name) => item[name] !== undefined)
  return given.length === 1 && ACTIONS.some((action) => action === given[0] && isObject(item[action]))
}
