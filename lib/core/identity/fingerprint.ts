import { canonicalText } from './canonical-json.ts'
import { digest } from './digest.ts'

declare const fingerprint: unique symbol

/**
 * Digest of the canonical payload: `<algorithm id>:<base64url SHA-256>`. Two fingerprints match if the strings are
 * equal. So one with an algorithm id that this version does not know never matches.
 */
export type Fingerprint = string & { readonly [fingerprint]: true }

/** It is raised when the same payload gets another digest. Records with the older id then count as mismatches. */
const ALGORITHM_ID = '1'

/** One part of the payload. Its kind is part of the digest: the text `null` and the JSON value `null` differ. */
export type FingerprintPart =
  | { readonly kind: 'text'; readonly text: string }
  /** Text that is already in the form of `canonicalText` or `canonicalValue`. */
  | { readonly kind: 'canonical'; readonly text: string }
  /** Canonical if it is JSON, otherwise its bytes. */
  | { readonly kind: 'body'; readonly body: Body }
  /** Its bytes, even if they are JSON: as text, `1.10` and `1.1` differ. */
  | { readonly kind: 'bytes'; readonly bytes: Body }

type Body = string | Uint8Array | undefined

export const deriveFingerprint = (parts: readonly FingerprintPart[]): Fingerprint =>
  `${ALGORITHM_ID}:${digest('lambda-once/fingerprint/1', parts.flatMap(labelled))}` as Fingerprint

const labelled = (part: FingerprintPart): readonly (string | Uint8Array)[] => {
  if (part.kind === 'text') return ['text', exactBytes(part.text)]
  if (part.kind === 'canonical') return ['json', part.text]
  return part.kind === 'bytes' ? labelledBytes(part.bytes) : labelledBody(part.body)
}

const labelledBody = (body: Body): readonly (string | Uint8Array)[] => {
  const text = body instanceof Uint8Array ? decodeUtf8(body) : body
  const canonical = text === undefined ? undefined : canonicalText(text)
  return canonical === undefined ? labelledBytes(body) : ['json', canonical]
}

const labelledBytes = (bytes: Body): readonly (string | Uint8Array)[] =>
  bytes === undefined ? ['none'] : ['raw', typeof bytes === 'string' ? exactBytes(bytes) : bytes]

/**
 * UTF-8 cannot encode a lone surrogate. Such text is hashed as UTF-16 under its own mark, so no two texts become equal.
 */
const exactBytes = (text: string): string | Uint8Array =>
  text.isWellFormed() ? text : Buffer.concat([Buffer.of(0xff), Buffer.from(text, 'utf16le')])

const decodeUtf8 = (bytes: Uint8Array): string | undefined => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}
