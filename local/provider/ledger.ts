import { randomUUID } from 'node:crypto'

export interface Charge {
  readonly id: string
  /** The idempotency key of its request. It stays here after the provider has forgotten the key. */
  readonly key: string
  /** `failed`: the card was declined. A failed charge never succeeds later. */
  readonly status: 'succeeded' | 'failed'
  readonly amount: number
  readonly currency: string
  readonly source: string
  /** Chosen by the caller, to find its charges by. */
  readonly reference: string | undefined
  readonly createdAt: string
}

export interface Refund {
  readonly id: string
  readonly key: string
  /** Id of the charge. */
  readonly charge: string
  readonly amount: number
  readonly createdAt: string
}

/** What a list is asked for. A filter that is absent excludes nothing. */
export interface Filter {
  readonly key?: string | undefined
  readonly reference?: string | undefined
}

/** All charges and refunds, in memory. */
export interface Ledger {
  charge(wanted: Omit<Charge, 'id' | 'createdAt'>): Charge
  refund(wanted: Omit<Refund, 'id' | 'createdAt'>): Refund
  /** What can still be refunded of a charge; `undefined` if there is no such charge. */
  refundable(chargeId: unknown): number | undefined
  /** Oldest first. */
  charges(filter: Filter): readonly Charge[]
}

export const createLedger = (now: () => number): Ledger => {
  const charges = new Map<unknown, Charge>()
  const refunds: Refund[] = []
  const createdAt = (): string => new Date(now()).toISOString()

  return {
    charge: (wanted) => {
      const charge = { id: `ch_${randomUUID()}`, ...wanted, createdAt: createdAt() }
      charges.set(charge.id, charge)
      return charge
    },
    refund: (wanted) => {
      const refund = { id: `re_${randomUUID()}`, ...wanted, createdAt: createdAt() }
      refunds.push(refund)
      return refund
    },
    refundable: (chargeId) => {
      const charge = charges.get(chargeId)
      if (charge === undefined) return undefined
      const back = refunds.filter((refund) => refund.charge === chargeId).reduce((sum, { amount }) => sum + amount, 0)
      return charge.status === 'succeeded' ? charge.amount - back : 0
    },
    charges: ({ key, reference }) =>
      [...charges.values()].filter(
        (charge) =>
          (key === undefined || charge.key === key) && (reference === undefined || charge.reference === reference),
      ),
  }
}
