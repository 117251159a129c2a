import { createHash } from 'node:crypto'
import { OUTCOME_KINDS, OUTCOME_VERSION } from '../core/outcome/outcome.ts'

/** Where a large answer is, and how to recognise it. */
export interface Pointer {
  readonly key: string
  readonly bytes: number
  readonly sha256: string
}

/** The frame of an outcome. A reader that does not know the kind answers `replay-unavailable`. */
const FRAME = [OUTCOME_VERSION, OUTCOME_KINDS.object] as const

export const pointerTo = (key: string, outcome: Uint8Array): Pointer => ({
  key,
  bytes: outcome.length,
  sha256: sha256(outcome),
})

export const encodePointer = (pointer: Pointer): Uint8Array =>
  Buffer.concat([Buffer.from(FRAME), Buffer.from(JSON.stringify(pointer))])

/** `undefined` for an outcome that is in the record itself. */
export const decodePointer = (outcome: Uint8Array): Pointer | 'unreadable' | undefined => {
  if (outcome[0] !== FRAME[0] || outcome[1] !== FRAME[1]) return undefined
  try {
    const { key, bytes, sha256 }: Partial<Pointer> = JSON.parse(Buffer.from(outcome.subarray(2)).toString())
    const isPointer = typeof key === 'string' && typeof bytes === 'number' && typeof sha256 === 'string'
    return isPointer ? { key, bytes, sha256 } : 'unreadable'
  } catch {
    return 'unreadable'
  }
}

/** An object may have been replaced, cut or written by another program. */
export const isAt = ({ bytes, sha256: digest }: Pointer, object: Uint8Array): boolean =>
  object.length === bytes && sha256(object) === digest

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('base64url')
