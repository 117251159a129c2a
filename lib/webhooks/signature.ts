import { createHmac, timingSafeEqual } from 'node:crypto'
import { headerOf, type ReceivedDelivery } from './delivery.ts'
import type { HmacProvider } from './provider.ts'
import { isPublicKey, isSignedForOne } from './public-key.ts'
import { keyBytes } from './secrets.ts'

/** What a delivery says about itself, read from its headers. */
export interface Signed {
  /** Each is compared: a sender that rotates its secret sends one for the old and one for the new. */
  readonly signatures: readonly string[]
  /** Those of a private key. No HMAC is among them, and none of them is compared with one. */
  readonly ed25519: readonly Uint8Array[]
  /** Epoch seconds. `undefined` if the scheme has none. */
  readonly timestamp: number | undefined
  /** The text that is signed, in the parts that make it. */
  readonly parts: readonly (string | Uint8Array)[]
}

/** `undefined` if a header is missing or malformed: then nothing can be right. */
export const readSigned = (provider: HmacProvider, delivery: ReceivedDelivery): Signed | undefined => {
  const items = itemsOf(provider, delivery)
  const timestamp = timestampOf(provider, delivery, items)
  if (timestamp === undefined && provider.timestamp !== undefined) return undefined
  const parts = provider.signed.split(PLACES).map((part) => partOf(part, provider, delivery, timestamp))
  if (!parts.every((part) => part !== undefined)) return undefined
  const signatures = textsAfter(provider.signature.prefix ?? '', items)
  const ed25519 = ed25519In(provider, items)
  return { signatures, ed25519, parts, timestamp: timestamp === undefined ? undefined : Number(timestamp) }
}

/**
 * How many signatures of a private key are checked. Each costs a digest of the whole body, also if a stranger sent it. A
 * sender sends one for each of its keys, and has few of them: one, and those that it has replaced a short time ago.
 */
const MOST_SIGNATURES = 16

/** Only in the one spelling that the encoding has for these bytes, as an HMAC is. */
const ed25519In = (
  { signature: { ed25519Prefix }, encoding }: HmacProvider,
  items: readonly string[],
): readonly Uint8Array[] => {
  if (ed25519Prefix === undefined) return []
  return textsAfter(ed25519Prefix, items)
    .slice(0, MOST_SIGNATURES)
    .map((text) => ({ text, bytes: Buffer.from(text, encoding) }))
    .filter(({ text, bytes }) => bytes.toString(encoding) === text)
    .map(({ bytes }) => bytes)
}

/**
 * Whether one of the signatures was made with one of the secrets, or for one of the public keys. Takes as long whichever
 * secret it is. A public key is never the secret of an HMAC: anyone may know it.
 */
export const isSignedWith = (secrets: readonly string[], provider: HmacProvider, signed: Signed): boolean => {
  const hmacSecrets = secrets.filter((secret) => !isPublicKey(secret))
  const expected = hmacSecrets.map((secret) => signatureOf(secret, provider, signed.parts))
  const isHmac = expected.flatMap((ours) => signed.signatures.map((theirs) => isSame(ours, theirs))).includes(true)
  return isHmac || isSignedForOne(secrets.filter(isPublicKey), signed.ed25519, signed.parts)
}

export const signatureOf = (
  secret: string,
  { algorithm, encoding, secret: format }: HmacProvider,
  parts: Signed['parts'],
): string => {
  const hmac = createHmac(algorithm, keyBytes(format, secret))
  for (const part of parts) hmac.update(part)
  return hmac.digest(encoding)
}

/** As texts, so that no other spelling of the same bytes is taken. A wrong length tells nothing about the secret. */
const isSame = (ours: string, theirs: string): boolean => {
  const [a, b] = [Buffer.from(ours), Buffer.from(theirs)]
  return a.length === b.length && timingSafeEqual(a, b)
}

const PLACES = /(\{(?:id|timestamp|body)\})/

const partOf = (
  part: string,
  { eventId }: HmacProvider,
  delivery: ReceivedDelivery,
  timestamp: string | undefined,
): string | Uint8Array | undefined => {
  if (part === '{body}') return delivery.bytes
  if (part === '{timestamp}') return timestamp
  if (part === '{id}') return 'header' in eventId ? headerOf(delivery, eventId.header) : undefined
  return part
}

const itemsOf = ({ signature: { header, separator } }: HmacProvider, delivery: ReceivedDelivery): string[] => {
  const line = headerOf(delivery, header) ?? ''
  return (separator === undefined ? [line] : line.split(separator)).map((item) => item.trim())
}

const textsAfter = (prefix: string, items: readonly string[]): readonly string[] =>
  items.filter((item) => item.startsWith(prefix)).map((item) => item.slice(prefix.length))

/** As it was sent, because it is part of what is signed. Twelve digits reach the year 33658. */
const TIMESTAMP = /^\d{1,12}$/

const timestampOf = (
  { timestamp }: HmacProvider,
  delivery: ReceivedDelivery,
  items: readonly string[],
): string | undefined => {
  if (timestamp === undefined) return undefined
  const [text, ...others] =
    'item' in timestamp ? textsAfter(timestamp.item, items) : [headerOf(delivery, timestamp.header)]
  return text !== undefined && others.length === 0 && TIMESTAMP.test(text) ? text : undefined
}
