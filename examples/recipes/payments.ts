/** Stands for your payment provider in the recipes. It charges each call, so a second run shows. */

export interface Payment {
  readonly id: string
  readonly amount: number
}

export interface Charged {
  readonly amount: number
  /** The provider's own idempotency key. */
  readonly key: string | undefined
}

export const charged: Charged[] = []

export const charge = async (amount: number, key: string | undefined): Promise<Payment> => {
  charged.push({ amount, key })
  return { id: `pay_${charged.length}`, amount }
}
