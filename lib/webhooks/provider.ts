import type { HttpResponse } from '../http/response.ts'
import type { ReceivedDelivery, VerifiedDelivery } from './delivery.ts'

/** What is known of a sender, whatever its signature. */
interface Sender {
  /** Shown in messages, and given to your handler. */
  readonly name: string
  /**
   * Where the id of the event is: a header, a member of the JSON body, or a function. Every delivery of one event has to
   * have the same id.
   */
  readonly eventId:
    | { readonly header: string }
    | { readonly member: string }
    | ((delivery: VerifiedDelivery) => string | number | null | undefined)
  /**
   * How long after an event the sender may deliver it again, by itself or because a person asks it to, in seconds.
   * Records are kept for a day longer.
   */
  readonly redeliversForSeconds: number
  /** How long the sender waits for an answer, in seconds. `undefined` if it does not say. */
  readonly answersWithinSeconds?: number | undefined
  /** How far the timestamp of a delivery may be from now, in seconds, if `toleranceSeconds` does not say it. */
  readonly toleranceSeconds?: number | undefined
  /** Headers that a queued event keeps. The others stay behind. */
  readonly keptHeaders?: readonly string[] | undefined
  /** The answer to a delivery that only checks the endpoint. Nothing else is done with it. */
  readonly handshake?: ((delivery: VerifiedDelivery) => HttpResponse | undefined) | undefined
}

/** A sender that signs with an HMAC, and perhaps with a private key too: a row of a table. */
export interface HmacProvider extends Sender {
  readonly algorithm: 'sha256' | 'sha512'
  readonly encoding: 'hex' | 'base64'
  readonly signature: {
    readonly header: string
    /** What is between the items of the header. Without it the header is one item. */
    readonly separator?: string | undefined
    /** How an item that is a signature begins. The others are skipped. */
    readonly prefix?: string | undefined
    /**
     * How an item begins that is an Ed25519 signature over the same text, in the same `encoding`. `secrets` may then list
     * public keys, each with the prefix `whpk_`.
     */
    readonly ed25519Prefix?: string | undefined
  }
  /** The text that is signed, with `{id}` (a header), `{timestamp}` and `{body}` in it. */
  readonly signed: string
  /** Where the timestamp is, in seconds: in a header, or in an item of the signature's header that begins like this. */
  readonly timestamp?: { readonly header: string } | { readonly item: string } | undefined
  /** `'text'`: the secret is used as it is. `'base64'`: it is decoded, without the prefix `whsec_`. */
  readonly secret: 'text' | 'base64'
}

/** What your own `verify` gets, in addition to the delivery. */
export interface VerifyContext {
  readonly secrets: readonly string[]
  /** Epoch seconds. */
  readonly nowSeconds: number
  readonly toleranceSeconds: number
}

/** A sender whose signatures your own function checks. */
export interface OwnProvider extends Sender {
  /**
   * Answers `true` if the signature is right, and `'stale'` if it is right and too old. Everything else is 401. An error
   * that it throws goes to Lambda.
   */
  readonly verify: (
    delivery: ReceivedDelivery,
    context: VerifyContext,
  ) => boolean | 'stale' | Promise<boolean | 'stale'>
}

export type WebhookProvider = HmacProvider | OwnProvider

export const isOwn = (provider: WebhookProvider): provider is OwnProvider => 'verify' in provider

/** Whether a delivery can be too old: without a timestamp nothing tells its age. */
export const hasTimestamp = (provider: WebhookProvider): boolean => isOwn(provider) || provider.timestamp !== undefined
