import { digest } from '../identity/digest.ts'
import type { RecordKey } from '../identity/record-key.ts'
import type { Claim } from './claim.ts'

/** What the handler gets of its claim. */
export interface HandlerClaim {
  readonly recordKey: RecordKey
  /** 1 for the first run of a key, one more for each claim after; only ever grows, so it may fence other systems. */
  readonly attempt: number
  /** Aborts when the claim is lost, or its lease ends, while the handler runs: another invocation may be running by then. */
  readonly signal: AbortSignal
  /**
   * An idempotency key for something that the handler calls (Stripe, PayPal, an AWS client token), as a UUID. It is the
   * same on every attempt that may repeat an effect, and a new one after a release: the downstream would answer the
   * mended request with its stored refusal of the first.
   */
  downstreamKey(name: string): string
}

/** `lost` makes its signal when it is first asked for, which most handlers never do. */
export const handlerClaim = (claim: Claim, lost: AbortController): HandlerClaim =>
  Object.freeze(new LazilySignalled(claim, lost))

class LazilySignalled implements HandlerClaim {
  readonly recordKey: RecordKey
  readonly attempt: number
  declare readonly signal: AbortSignal
  readonly downstreamKey: (name: string) => string
  readonly #lost: AbortController

  constructor(claim: Claim, lost: AbortController) {
    this.recordKey = claim.recordKey
    this.attempt = claim.attempt
    this.downstreamKey = (name) => downstreamKey(claim, name)
    this.#lost = lost
    Object.defineProperty(this, 'signal', SIGNAL)
  }

  static signalOf(claim: LazilySignalled): AbortSignal {
    return claim.#lost.signal
  }
}

/**
 * An own property, so that a copy has it; and one getter for all claims: with a getter of its own each claim would get a
 * hidden class of its own, and once its signal was read, stay in memory until a full garbage collection.
 */
const SIGNAL: PropertyDescriptor & ThisType<LazilySignalled> = {
  enumerable: true,
  get() {
    return LazilySignalled.signalOf(this)
  },
}

const downstreamKey = ({ recordKey, fingerprint, generation }: Claim, name: string): string => {
  if (typeof name !== 'string' || name === '')
    throw new TypeError('downstreamKey(name): name must be a non-empty string')
  return asUuid(digest('lambda-once/downstream-key/1', [recordKey, fingerprint, String(generation), name], 'hex'))
}

/** Version 8: RFC 9562, section 5.8, for UUIDs whose bits mean something of the maker's own. */
const asUuid = (hex: string): string => {
  const version = `8${hex.slice(13, 16)}`
  const variant = `${((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16)}${hex.slice(17, 20)}`
  return [hex.slice(0, 8), hex.slice(8, 12), version, variant, hex.slice(20, 32)].join('-')
}
