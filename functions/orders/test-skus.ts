const SLOW_MILLIS = 3_000

/** SKUs that make an order fail or take long, to try by hand. `run` is 1 for the first run of an order. */
const TEST_SKUS: Readonly<Record<string, (run: number) => Promise<void>>> = {
  sku_error_once: async (run) => {
    if (run === 1) throw new Error('sku_error_once: the warehouse gave no answer this time')
  },
  sku_poison: async () => {
    throw new Error('sku_poison: the warehouse cannot read this order, however often it is sent')
  },
  sku_slow: () => new Promise((resolve) => setTimeout(resolve, SLOW_MILLIS)),
}

export const beforeReservation = async (sku: string, run: number): Promise<void> => {
  if (Object.hasOwn(TEST_SKUS, sku)) await TEST_SKUS[sku]?.(run)
}
