import { digestOf } from './digest.ts'
import { type KeyPart, textsOf } from './parts.ts'
import { checkOptions, refuse } from './rules.ts'

export interface DeriveKeyOptions {
  /**
   * A text before the digest, so that a person sees what the key is about: 1 to 100 characters of `A-Z a-z 0-9 . _ : -`.
   * @default none
   */
  readonly prefix?: string | undefined
  /**
   * What happens if a part looks as if it was made for this call: a random UUID, or a time within a minute of now.
   * `'reject'`: `UsageError`. `'accept'`: you know that the part is stored, and is the same for every retry.
   * @default 'reject'
   */
  readonly unstable?: 'reject' | 'accept' | undefined
}

/**
 * A key that depends on its parts only: the same parts in the same order give the same key. It is the
 * SHA-256 of the parts and their lengths, in base64url. Name the operation in the first part.
 *
 * Throws `UsageError` for a part that is empty, or that looks as if it was made for this call.
 *
 * @example
 * const key = await deriveKey(['refund', 'order-7', 2]) // the second refund of this order
 */
export const deriveKey = async (parts: readonly KeyPart[], options: DeriveKeyOptions = {}): Promise<string> => {
  const given = checkOptions(options, { prefix: 'string', unstable: 'string' })
  const texts = textsOf(parts)
  if (given.unstable !== 'accept') texts.forEach(checkStable)
  return (given.prefix ?? '') + (await digestOf(texts))
}

/** Versions 3 and 5 are made of a name, and 8 of anything. */
const RANDOM_UUID = /[\da-f]{8}-[\da-f]{4}-[1467][\da-f]{3}-/i

const checkStable = (text: string, at: number): void => {
  const kind = RANDOM_UUID.test(text) ? 'a random UUID' : timesIn(text).some(isNow) ? 'the time of now' : ''
  if (kind !== '') refuse(`parts[${at}] looks like ${kind}; if it is stored, say unstable: "accept"`)
}

/** Epoch seconds, milliseconds and microseconds have 10, 13 and 16 digits until the year 2286. */
const timesIn = (text: string): readonly number[] => [
  Date.parse(text),
  ...(text.match(/\d+/g) ?? []).map((digits) => Number(digits) / 10 ** (digits.length - 13)),
]

const MINUTE = 60_000

/** A whole minute is rather a slot in a calendar than a time that was taken for this call. */
const isNow = (millis: number): boolean => Math.abs(millis - Date.now()) < MINUTE && millis % MINUTE !== 0
