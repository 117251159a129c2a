import { deflateRawSync, inflateRawSync } from 'node:zlib'

/** Why the outcome of a run cannot be replayed. */
export type UnavailableReason = 'not-json' | 'streamed' | 'too-large' | 'unreadable'

/** The outcome of a run: the answer to store. */
export type Outcome =
  /** The handler returned `undefined`. Only the status is stored. */
  | { readonly kind: 'none' }
  | { readonly kind: 'json'; readonly text: string }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'error'; readonly error: StoredError }
  /** The effect is done, but the answer cannot be replayed. */
  | { readonly kind: 'unavailable'; readonly reason: UnavailableReason }

/** An outcome as it is read. Its JSON is parsed only once, where broken JSON can still be reported. */
export type StoredOutcome =
  | Exclude<Outcome, { readonly kind: 'json' }>
  | { readonly kind: 'json'; readonly value: unknown }

/** What is stored of a `TerminalError`, or of an error that is meant for the client. */
export interface StoredError {
  readonly message: string
  readonly details?: unknown
  readonly statusCode?: number | undefined
  /** Whether a host may show the message. */
  readonly expose?: boolean | undefined
}

/** The room for an outcome in the store, measured as the store does. */
export interface OutcomeRoom {
  /** Size of the rest of the settled record. */
  readonly besideBytes: number
  /** Writes are charged by units of this size, and a begun unit in full. */
  readonly unitBytes: number
  /** The largest size of record and outcome together. */
  readonly maxBytes: number
}

/** The first byte of every outcome. */
export const OUTCOME_VERSION = 1
/** 5 is reserved for a sibling item. */
export const OUTCOME_KINDS = { none: 0, json: 1, bytes: 2, error: 3, unavailable: 4, object: 6, started: 7 } as const
const DEFLATED = 0x80
const HEADER_BYTES = 2

/**
 * More than any Lambda function can answer (6 MB). Without this bound a few stored kilobytes could unpack to more than
 * the memory holds.
 */
const MAX_UNPACKED_BYTES = 16 * 1024 * 1024

const REASONS: readonly string[] = ['not-json', 'streamed', 'too-large', 'unreadable'] satisfies UnavailableReason[]

/** Lambda sends `JSON.stringify(value)`. A value that it cannot write is answered, but cannot be replayed. */
export const outcomeOf = (value: unknown): Outcome => {
  if (value === undefined) return { kind: 'none' }
  if (value instanceof Uint8Array) return { kind: 'bytes', bytes: Uint8Array.from(value) } // the caller may reuse it
  try {
    if (isStream(value)) return unavailable('streamed')
    const text: string | undefined = JSON.stringify(value)
    return text === undefined ? unavailable('not-json') : { kind: 'json', text }
  } catch {
    return unavailable('not-json') // a bigint, a cycle, nesting beyond the stack, a toJSON or a getter that throws
  }
}

type Unavailable = Extract<Outcome, { kind: 'unavailable' }>

export const unavailable = (reason: UnavailableReason): Unavailable => ({ kind: 'unavailable', reason })

/**
 * Web streams, Node.js streams, a `Response` or `Blob`, and other values that are read and not serialised: JSON would make
 * `{}` of them.
 */
export const isStream = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  ['pipe', 'getReader', 'arrayBuffer', Symbol.asyncIterator].some(
    (name) => typeof (value as Record<PropertyKey, unknown>)[name] === 'function',
  )

/** The value that a replay returns. */
export const valueOfOutcome = (outcome: Extract<StoredOutcome, { kind: 'none' | 'json' | 'bytes' }>): unknown => {
  if (outcome.kind === 'none') return undefined
  return outcome.kind === 'json' ? outcome.value : Buffer.from(outcome.bytes)
}

/** The value as a replay will return it; `value` itself if the outcome cannot be replayed. */
export const asReplayed = <T>(outcome: Outcome, value: T): T => {
  if (outcome.kind === 'json') return JSON.parse(outcome.text)
  return outcome.kind === 'bytes' ? (Buffer.from(outcome.bytes) as T) : value
}

/** A version byte, a kind byte, and the content. It is deflated if that saves a write unit of the whole item. */
export const encodeOutcome = (outcome: Outcome, room: OutcomeRoom): Uint8Array => {
  const content = contentOf(outcome)
  const plain = frame(OUTCOME_KINDS[outcome.kind], content)
  const packed = worthPacking(plain.length, room)
    ? frame(OUTCOME_KINDS[outcome.kind] | DEFLATED, deflateRawSync(content))
    : plain
  const best = units(packed.length, room) < units(plain.length, room) ? packed : plain
  const fits = room.besideBytes + best.length <= room.maxBytes && content.length <= MAX_UNPACKED_BYTES
  return fits || outcome.kind === 'unavailable' ? best : encodeOutcome(unavailable('too-large'), room)
}

/** Never throws: bytes that cannot be read are an outcome that cannot be replayed. */
export const decodeOutcome = (encoded: Uint8Array): StoredOutcome => {
  try {
    return readOutcome(encoded)
  } catch {
    return unavailable('unreadable')
  }
}

const readOutcome = (encoded: Uint8Array): StoredOutcome => {
  const [version, mark = 0] = encoded
  if (version !== OUTCOME_VERSION) return unavailable('unreadable')
  const stored = encoded.subarray(HEADER_BYTES)
  const content =
    mark & DEFLATED ? inflateRawSync(stored, { maxOutputLength: MAX_UNPACKED_BYTES }) : Buffer.from(stored)
  return read(mark & ~DEFLATED, content)
}

const read = (kind: number, content: Buffer): StoredOutcome => {
  if (kind === OUTCOME_KINDS.none) return { kind: 'none' }
  if (kind === OUTCOME_KINDS.bytes) return { kind: 'bytes', bytes: content }
  const text = content.toString()
  if (kind === OUTCOME_KINDS.json) return { kind: 'json', value: JSON.parse(text) }
  if (kind === OUTCOME_KINDS.error) return readError(JSON.parse(text))
  const isReason = kind === OUTCOME_KINDS.unavailable && REASONS.includes(text)
  return unavailable(isReason ? (text as UnavailableReason) : 'unreadable')
}

/** Throws where `null` is stored. */
const readError = ({ message, details, statusCode, expose }: Partial<StoredError>): StoredOutcome =>
  typeof message === 'string' && isOptional(statusCode, 'number') && isOptional(expose, 'boolean')
    ? { kind: 'error', error: { message, details, statusCode, expose } }
    : unavailable('unreadable')

const isOptional = (value: unknown, type: string): boolean => value === undefined || typeof value === type

const contentOf = (outcome: Outcome): Uint8Array =>
  outcome.kind === 'bytes' ? outcome.bytes : Buffer.from(textOf(outcome))

const textOf = (outcome: Exclude<Outcome, { kind: 'bytes' }>): string => {
  switch (outcome.kind) {
    case 'none':
      return ''
    case 'json':
      return outcome.text
    case 'error':
      return JSON.stringify(outcome.error)
    case 'unavailable':
      return outcome.reason
  }
}

const frame = (mark: number, content: Uint8Array): Uint8Array =>
  Buffer.concat([Buffer.of(OUTCOME_VERSION, mark), content])

const units = (bytes: number, { besideBytes, unitBytes }: OutcomeRoom): number =>
  Math.ceil((besideBytes + bytes) / unitBytes)

const worthPacking = (bytes: number, room: OutcomeRoom): boolean => units(bytes, room) > units(HEADER_BYTES, room)

/** Reads the kind byte only. */
export const outcomeIsReplayable = (encoded: Uint8Array): boolean => encoded[1] !== OUTCOME_KINDS.unavailable
