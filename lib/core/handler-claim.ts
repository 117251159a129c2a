import type { Claim } from './claim.ts'
import { digest } from './digest.ts'
import type { RecordKey } from './record-key.ts'

/** What the handler gets of its claim. */
export interface HandlerClaim {
  readonly recordKey: RecordKey
  /** 1 for the first run of a key, one more for each claim after; only ever grows, so it may fence other systems. */
  readonly attempt: number
  /** Aborts when the claim is lost while the handler runs: another invocation may be running by then. */
  readonly signal: AbortSignal
  /**
   * An idempotency key for something that the handler calls (Stripe, PayPal, an AWS client token), as a UUID. It is the
   * same on every attempt that may repeat an effect, and a new one after a release: the downstream would answer the
   * mended request with its stored refusal of the first.
   */
  downstreamKey(name: string): string
}

export const handlerClaim = (claim: Claim, signal: AbortSignal): HandlerClaim =>
  Object.freeze({
    recordKey: claim.recordKey,
    attempt: claim.attempt,
    signal,
    downstreamKey: (name: string) => downstreamKey(claim, name),
  })

const downstreamKey = ({ recordKey, fingerprint, generation }: Claim, name: string): string => {
  if (typeof name !== 'string' || name === '')
    throw new TypeError('downstreamKey(name): name must be a non-empty string')
  return asUuid(digest('lambda-once/downstream-key/1', [recordKey, fingerprint, String(generation), name]))
}

/** Version 8: RFC 9562, section 5.8, for UUIDs whose bits mean something of the maker's own. */
const asUuid = (bytes: Buffer): string => {
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-')
}
