/** A charge at the payment provider. */
export interface Charge {
  readonly id: string
  readonly amount: number
  /** The reference that the shop sent with it. */
  readonly reference: string | undefined
}

/** A payment provider that charges each time it is asked, and that can be asked about a reference. */
export interface Provider {
  readonly charges: readonly Charge[]
  charge(amount: number, reference: string | undefined): Promise<Charge>
  find(reference: string): Charge | undefined
}

export const createProvider = (): Provider => {
  const charges: Charge[] = []
  return {
    charges,
    charge: async (amount, reference) => {
      const charge = { id: `charge_${charges.length + 1}`, amount, reference }
      charges.push(charge)
      await new Promise((answered) => setTimeout(answered, 5)) // parallel requests overlap
      return charge
    },
    find: (reference) => charges.find((charge) => charge.reference === reference),
  }
}
