import { isObject, OptionError, type Rule } from '../core/option-rules.ts'
import type { ReceivedDelivery } from './delivery.ts'
import { type HmacProvider, isOwn, type WebhookProvider } from './provider.ts'
import { isPrivateKey, isPublicKey, KEY_BYTES, PUBLIC_PREFIX } from './public-key.ts'

type SecretsAnswer = readonly (string | undefined)[] | null | undefined

/**
 * The secrets that the sender may sign with, or a function that finds them for a delivery whose signature is not checked
 * yet. The order says nothing.
 */
export type SecretsChoice =
  | readonly (string | undefined)[]
  | ((delivery: ReceivedDelivery) => SecretsAnswer | Promise<SecretsAnswer>)

/** Standard Webhooks: a secret has 24 to 64 bytes. Fewer are accepted from 16 on, because older senders use them. */
const LEAST_BYTES = 16

const BASE64 = /^(?:[A-Za-z\d+/]{4})*(?:[A-Za-z\d+/]{2}==|[A-Za-z\d+/]{3}=)?$/

export const someSecrets: Rule = (value) =>
  typeof value === 'function' || Array.isArray(value) ? undefined : 'must be a list of secrets, or a function'

/** Checks the secrets of a list at once. Messages never show one. */
export const checkSecrets = (where: string, provider: WebhookProvider, secrets: SecretsChoice): void => {
  if (typeof secrets === 'function') return
  if (secrets.length === 0 && !isOwn(provider)) throw new OptionError(where, 'secrets', 'must list at least one secret')
  secrets.forEach((secret, index) => {
    const problem = problemOf(provider, secret)
    if (problem !== undefined) throw new OptionError(where, 'secrets', `has at index ${index} a value that ${problem}`)
  })
}

/** The secrets for one delivery. A sender that the function does not know has none, and then no signature is right. */
export const secretsFor = async (
  where: string,
  provider: WebhookProvider,
  choice: SecretsChoice,
  delivery: ReceivedDelivery,
): Promise<readonly string[]> => {
  if (typeof choice !== 'function') return choice as readonly string[]
  const answer: unknown = (await choice(delivery)) ?? []
  if (!Array.isArray(answer)) {
    const what = isObject(answer) ? 'an object' : `a ${typeof answer}`
    throw new OptionError(where, 'secrets', `answered ${what}; it must answer a list of secrets`)
  }
  if (answer.length > 0) checkSecrets(where, provider, answer)
  return answer
}

const problemOf = (provider: WebhookProvider, secret: unknown): string | undefined => {
  if (typeof secret !== 'string' || secret === '') return `is ${secret === '' ? 'empty' : 'no text'}`
  if (!isOwn(provider) && secret.includes('-----BEGIN'))
    return 'is a PEM; list its public key as "whpk_" and the Base64 of its 32 bytes (docs/webhooks.md)'
  if (secret !== secret.trim()) return 'begins or ends with white space'
  if (isOwn(provider)) return undefined
  if (isPrivateKey(secret))
    return 'is a private key ("whsk_"), which only the sender has; list its public key ("whpk_")'
  if (isPublicKey(secret)) return problemOfPublicKey(provider, secret)
  if (provider.secret === 'text') return undefined
  const length = lengthOf(withoutPrefix(secret))
  if (length === undefined) return 'is no Base64 with the prefix "whsec_"'
  return length < LEAST_BYTES ? `has fewer than ${LEAST_BYTES} bytes` : undefined
}

/** Refused where it would be the secret of an HMAC: anyone may know it. */
const problemOfPublicKey = ({ name, signature }: HmacProvider, secret: string): string | undefined => {
  if (signature.ed25519Prefix === undefined) return `is a public key ("whpk_"); ${name} has none`
  const length = lengthOf(secret.slice(PUBLIC_PREFIX.length))
  if (length === undefined)
    return 'is no Base64 with the prefix "whpk_": the alphabet has + and /, and padding is needed'
  return length === KEY_BYTES ? undefined : `is a public key of ${length} bytes; it must have ${KEY_BYTES}`
}

const lengthOf = (base64: string): number | undefined =>
  BASE64.test(base64) ? Buffer.from(base64, 'base64').length : undefined

const withoutPrefix = (secret: string): string => (secret.startsWith('whsec_') ? secret.slice(6) : secret)

/** The key of the HMAC. */
export const keyBytes = (format: 'text' | 'base64', secret: string): Uint8Array =>
  format === 'text' ? Buffer.from(secret) : Buffer.from(withoutPrefix(secret), 'base64')
