import type {
  AttributeValue,
  GetItemCommandInput,
  PutItemCommandInput,
  UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb'
import type { Item } from '../item.ts'

export type ItemInput = GetItemCommandInput | PutItemCommandInput | UpdateItemCommandInput

/** An attribute in DynamoDB's JSON, with binaries as Base64 text. */
type WireValue = Omit<AttributeValue, 'B' | 'M'> & { readonly B?: string; readonly M?: Record<string, WireValue> }

/** Returns `undefined` if the text is not JSON. The parser's own error would quote the text, which may hold a secret. */
export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The SDK's input is already DynamoDB's JSON, except for binaries. A record has them at the top level and in a map. */
export const toWire = (input: ItemInput): string => {
  if ('Item' in input) return JSON.stringify({ ...input, Item: encoded(input.Item) })
  if ('ExpressionAttributeValues' in input) {
    return JSON.stringify({ ...input, ExpressionAttributeValues: encoded(input.ExpressionAttributeValues) })
  }
  return JSON.stringify(input)
}

export const itemFromWire = (item: Readonly<Record<string, WireValue>>): Item => {
  const decoded: Item = {}
  for (const name of Object.keys(item)) decoded[name] = decodedValue(item[name] as WireValue)
  return decoded
}

const encoded = (values: Item = {}): Record<string, WireValue> => {
  const wire: Record<string, WireValue> = {}
  for (const name of Object.keys(values)) wire[name] = encodedValue(values[name] as AttributeValue)
  return wire
}

const encodedValue = (value: AttributeValue): WireValue => {
  if (value.M !== undefined) return { M: encoded(value.M) }
  if (value.B === undefined) return value as WireValue
  const { buffer, byteOffset, byteLength } = value.B
  return { B: Buffer.from(buffer, byteOffset, byteLength).toString('base64') }
}

const decodedValue = (value: WireValue): AttributeValue => {
  if (value?.M) return { M: itemFromWire(value.M) }
  return value?.B === undefined ? (value as AttributeValue) : { B: Buffer.from(value.B, 'base64') }
}
