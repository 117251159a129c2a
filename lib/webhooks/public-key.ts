import { createPublicKey, type KeyObject, verify } from 'node:crypto'

/** How Standard Webhooks writes a public key of Ed25519: this prefix, and Base64. */
export const PUBLIC_PREFIX = 'whpk_'

/** RFC 8032, section 5.1.5. */
export const KEY_BYTES = 32

export const isPublicKey = (secret: string): boolean => secret.startsWith(PUBLIC_PREFIX)

/** What signs. Who receives webhooks has no use for it. */
export const isPrivateKey = (secret: string): boolean => secret.startsWith('whsk_')

/**
 * Whether one of the signatures is right for one of the public keys (RFC 8032, section 5.1.7). Neither of them is secret,
 * so the time that this takes may tell which.
 */
export const isSignedForOne = (
  publicKeys: readonly string[],
  signatures: readonly Uint8Array[],
  parts: readonly (string | Uint8Array)[],
): boolean => {
  if (publicKeys.length === 0) return false
  const text = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)))
  return publicKeys.map(keyOf).some((key) => signatures.some((signature) => verify(null, text, key, signature)))
}

/** RFC 8037, section 2: the key as a JWK. */
const keyOf = (publicKey: string): KeyObject => {
  const x = Buffer.from(publicKey.slice(PUBLIC_PREFIX.length), 'base64').toString('base64url')
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
}
