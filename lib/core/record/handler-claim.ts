import { digest } from '../identity/digest.ts'
import type { RecordKey } from '../identity/record-key.ts'
import type { Runtime } from '../runtime.ts'
import type { Claim } from './claim.ts'

/** The part of its claim that a handler gets. */
export interface HandlerClaim {
  /** The key of the record in the table: operation and digest. It contains nothing that the client sent. */
  readonly recordKey: RecordKey
  /** 1 for the first claim of a key, and one more for each later one. It only grows, so it may fence other systems. */
  readonly attempt: number
  /** Aborts if the claim is lost or its lease ends while the handler runs: another invocation may then be running. */
  readonly signal: AbortSignal
  /**
   * An idempotency key for a service that the handler calls (Stripe, PayPal, an AWS client token), as a UUID. It stays
   * the same on every attempt that may repeat the effect. After a release it is a new one, because the service would
   * answer the corrected request with its stored refusal of the first.
   *
   * `name` is a name of your choice for the call, such as `'charge'`. An empty one throws a `TypeError`.
   * @example
   * await stripe.refunds.create({ charge }, { idempotencyKey: claim.downstreamKey('refund') })
   */
  downstreamKey(name: string): string
}

/** Under this symbol a claim has what `lambda-once/effects` opens it with. A copy of the claim has it too. */
export const OPEN: unique symbol = Symbol('open')

/** The signal of `lost` is made when a handler first reads it, which most handlers never do. */
export const handlerClaim = (claim: Claim, lost: AbortController, open: () => unknown): HandlerClaim =>
  Object.freeze(new LazilySignalled(claim, lost, open))

class LazilySignalled implements HandlerClaim {
  readonly recordKey: RecordKey
  readonly attempt: number
  declare readonly signal: AbortSignal
  readonly downstreamKey: (name: string) => string
  readonly [OPEN]: () => unknown
  readonly #lost: AbortController

  constructor(claim: Claim, lost: AbortController, open: () => unknown) {
    this.recordKey = claim.recordKey
    this.attempt = claim.attempt
    this.downstreamKey = (name) => downstreamKey(claim, name)
    this[OPEN] = open
    this.#lost = lost
    Object.defineProperty(this, 'signal', SIGNAL)
  }

  static signalOf(claim: LazilySignalled): AbortSignal {
    return claim.#lost.signal
  }
}

/**
 * An own property, so that a copy of the claim has it too. All claims share one getter: with one getter for each, each
 * claim would get its own hidden class, and stay in memory until a full garbage collection once its signal was read.
 */
const SIGNAL: PropertyDescriptor & ThisType<LazilySignalled> = {
  enumerable: true,
  get() {
    return LazilySignalled.signalOf(this)
  },
}

/** The downstream key of this generation under this name. */
export const downstreamKey = (
  { recordKey, fingerprint, generation }: Pick<Claim, 'recordKey' | 'fingerprint' | 'generation'>,
  name: string,
): string => {
  // UTF-8 has no lone surrogates: two names would become the same bytes, and thus the same key.
  if (typeof name !== 'string' || name === '' || !name.isWellFormed())
    throw new TypeError('downstreamKey(name): name must be a non-empty string of well-formed Unicode')
  return asUuid(digest('lambda-once/downstream-key/1', [recordKey, fingerprint, String(generation), name], 'hex'))
}

/** For a call without a claim: no other call has this key. */
export const randomDownstreamKey = (runtime: Pick<Runtime, 'randomToken'>): string =>
  asUuid(digest('lambda-once/random-key/1', [runtime.randomToken()], 'hex'))

/** Version 8 is for UUIDs whose bits have a meaning of their maker's choice (RFC 9562, section 5.8). */
const asUuid = (hex: string): string => {
  const version = `8${hex.slice(13, 16)}`
  const variant = `${((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16)}${hex.slice(17, 20)}`
  return [hex.slice(0, 8), hex.slice(8, 12), version, variant, hex.slice(20, 32)].join('-')
}
