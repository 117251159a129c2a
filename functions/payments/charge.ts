import type { Refusal } from './refusal.ts'

/** A charge at the payment provider. */
export interface Charge {
  readonly id: string
  /** `failed`: the card was declined, and this charge will never succeed. */
  readonly status: 'succeeded' | 'failed'
  readonly createdAt: string
}

export interface ChargeOrder {
  readonly amount: number
  readonly currency: string
  readonly source: string
  /** What the provider's list can be searched by. */
  readonly reference: string
}

export type Charged =
  | { readonly kind: 'charged'; readonly charge: Charge }
  /** Nothing was charged by this request. */
  | ({ readonly kind: 'refused' } & Refusal)

/** A payment provider that knows idempotency keys, and can be asked about them. */
export interface Provider {
  /** Charges once for each key. Throws if it is unknown whether the charge was made. */
  charge(key: string, order: ChargeOrder, signal?: AbortSignal): Promise<Charged>
  /** The charge that was made under this key, or `undefined` if there is none. */
  find(key: string, signal?: AbortSignal): Promise<Charge | undefined>
}
