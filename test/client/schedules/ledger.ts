import { randomUUID } from 'node:crypto'

/** What the provider has charged. Under one key it charges once. */
export interface Ledger {
  readonly charges: ReadonlyMap<string, string>
  /** Returns the id of the charge. */
  charge(key: string): string
}

export const ledger = (): Ledger => {
  const charges = new Map<string, string>()
  return {
    charges,
    charge: (key) => {
      const id = charges.get(key) ?? randomUUID()
      charges.set(key, id)
      return id
    },
  }
}
