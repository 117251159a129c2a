import type { AttributeValue } from '@aws-sdk/client-dynamodb'

/**
 * The value that the old function has stored. A number that a double cannot hold becomes a bigint, as in the SDK's own
 * `unmarshall`: JSON cannot hold that either.
 */
export const plainValue = (value: AttributeValue | undefined): unknown => {
  if (value === undefined || value.NULL === true) return value === undefined ? undefined : null
  if (value.S !== undefined) return value.S
  if (value.N !== undefined) return plainNumber(value.N)
  if (value.BOOL !== undefined) return value.BOOL
  if (value.B !== undefined) return value.B
  if (value.L !== undefined) return value.L.map(plainValue)
  if (value.M !== undefined)
    return Object.fromEntries(Object.entries(value.M).map(([name, member]) => [name, plainValue(member)]))
  return new Set<unknown>(value.SS ?? value.NS?.map(plainNumber) ?? value.BS ?? [])
}

const plainNumber = (text: string): number | bigint => {
  const number = Number(text)
  return Number.isSafeInteger(number) || !/^-?\d+$/.test(text) ? number : BigInt(text)
}
