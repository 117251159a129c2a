import { type Runtime, systemRuntime } from '../../lib/core/runtime.ts'
import { millis } from '../../lib/core/time.ts'
import { transact } from '../../lib/effects/index.ts'
import { IdempotencyError, NotDoneError, once } from '../../lib/index.ts'
import { shopAt } from '../support/shop.ts'
import { storesOf } from '../support/test-store.ts'

/** The tables of a clerk, and how it calls them. */
export interface Office {
  readonly endpoint: string
  readonly tableName: string
  readonly shopTable: string
  readonly client: 'SDK' | 'lean'
}

export interface Purchase {
  readonly key: string
  readonly article: string
  readonly quantity?: number
}

export type Answer =
  | { readonly value: unknown; readonly status: string }
  | { readonly code: string; readonly retryAfterSeconds?: number }
  | { readonly error: string }

/** Remaining time of an invocation, in milliseconds: enough for a commit on a busy machine. The lease is a second longer. */
const REMAINING = 2_500

/** Generous, because on a busy machine a write may take longer than the time left. These tests do not measure time. */
const PATIENCE = millis(5_000)

/** Takes one piece of the article and writes the order, in one transaction with the answer. */
export const clerk = (
  name: string,
  { endpoint, tableName, shopTable, client }: Office,
  probe?: NonNullable<Runtime['probe']>,
): ((purchase: Purchase) => Promise<Answer>) => {
  const shop = shopAt(shopTable)
  const sell = once({
    store: storesOf(client).testStore({ tableName, endpoint, timeout: PATIENCE }),
    operation: 'sales',
    runtime: {
      ...systemRuntime,
      withDeadline: (_, run) => systemRuntime.withDeadline(PATIENCE, run),
      enforcesDeadline: () => true,
      ...(probe === undefined ? {} : { probe }),
    },
  })
  return async ({ key, article, quantity = 1 }) => {
    const context = { getRemainingTimeInMillis: () => REMAINING }
    try {
      return await sell({ key, tenant: 't', payload: { article, quantity }, context }, async (claim) => {
        const done = await transact(claim, [shop.order(key), shop.take(article)], `sold by ${name}`)
        if (done.kind === 'refused') throw new NotDoneError('sold out')
        return 'ignored'
      })
    } catch (error) {
      if (!(error instanceof IdempotencyError)) return { error: String(error) }
      const { code, retryAfterSeconds } = error
      return retryAfterSeconds === undefined ? { code } : { code, retryAfterSeconds }
    }
  }
}
