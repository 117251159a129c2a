import { createHash } from 'node:crypto'

/**
 * The id of a record as Powertools for AWS Lambda (TypeScript) makes it: the prefix, `#`, and a digest of what
 * `eventKeyJmesPath` selected.
 *
 * @param prefix the option `keyPrefix` of the old function, or else the name of the old function. The old table shows it.
 * @param selected what `eventKeyJmesPath` selected from the event; the event itself without that option
 * @param hashFunction the option of this name. Default `'md5'`.
 *
 * @example
 * powertoolsKey('payments-prod', JSON.parse(event.body).orderId)
 */
export const powertoolsKey = (prefix: string, selected: unknown, hashFunction = 'md5'): string =>
  `${prefix}#${powertoolsHash(selected, hashFunction)}`

/** The digest of a value, as Powertools keeps it of what `payloadValidationJmesPath` selects. */
export const powertoolsHash = (selected: unknown, hashFunction = 'md5'): string => {
  const text: string | undefined = JSON.stringify(sorted(selected))
  if (text === undefined) throw new TypeError('powertoolsHash(selected): selected must be a JSON value')
  return createHash(hashFunction).update(text).digest('base64')
}

/** Members in the order of their names in lower case, on all levels. Powertools loses a member `__proto__`. */
const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value)
    .sort(([a], [b]) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1))
    .filter(([name]) => name !== '__proto__')
  return Object.fromEntries(members.map(([name, member]) => [name, sorted(member)]))
}
