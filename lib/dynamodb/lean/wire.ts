import type {
  AttributeValue,
  GetItemCommandInput,
  PutItemCommandInput,
  TransactWriteItemsCommandInput,
  UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb'
import { isObject } from '../../core/option-rules.ts'
import type { Item } from '../item.ts'

export type ItemInput =
  | GetItemCommandInput
  | PutItemCommandInput
  | UpdateItemCommandInput
  | TransactWriteItemsCommandInput

/** An attribute in DynamoDB's JSON, with binaries as Base64 text. */
type WireValue = Omit<AttributeValue, 'B' | 'BS' | 'L' | 'M'> & {
  readonly B?: string
  readonly BS?: readonly string[]
  readonly L?: readonly WireValue[]
  readonly M?: Readonly<Record<string, WireValue>>
}

/** Returns `undefined` if the text is not JSON. The parser's own error would quote the text, which may hold a secret. */
export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The SDK's input is already DynamoDB's JSON, except for binaries, which may be anywhere in the user's items. */
export const toWire = (input: ItemInput): string => JSON.stringify(encoded(input))

const encoded = (value: unknown): unknown => {
  if (value instanceof Uint8Array) return base64(value)
  if (Array.isArray(value)) return value.map(encoded)
  if (!isObject(value)) return value
  const wire: Record<string, unknown> = nothing()
  for (const name of Object.keys(value)) wire[name] = encoded(value[name])
  return wire
}

/** Without a prototype: a member of a user's map may have any name, such as `__proto__`. */
const nothing = (): Record<string, never> => Object.create(null)

const base64 = ({ buffer, byteOffset, byteLength }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString('base64')

export const itemFromWire = (item: Readonly<Record<string, WireValue>>): Item => {
  const decoded: Item = nothing()
  for (const name of Object.keys(item)) decoded[name] = decodedValue(item[name] as WireValue)
  return decoded
}

const decodedValue = (value: WireValue): AttributeValue => {
  if (value?.B !== undefined) return { B: Buffer.from(value.B, 'base64') }
  if (value?.M) return { M: itemFromWire(value.M) }
  if (value?.L) return { L: value.L.map(decodedValue) }
  if (value?.BS) return { BS: value.BS.map((text) => Buffer.from(text, 'base64')) }
  return value as AttributeValue
}
