import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { dynamoDbStore } from '../../lib/dynamodb/index.ts'
import { IdempotencyError, NotDoneError, type Once, once } from '../../lib/index.ts'
import type { ClientAnswer, Run } from '../../lib/testing/index.ts'
import { testClient } from '../../test/support/dynamodb.ts'

/** A client's call, and what the handler does if it runs. */
export interface Ask {
  readonly key: string
  readonly payload: string
  /** Remaining time of the invocation, in milliseconds. The lease is one second longer. */
  readonly remaining: number
  readonly deed: Deed
}

export interface Deed {
  readonly kind: 'return' | 'throw' | 'notDone'
  readonly afterMillis: number
}

/** What is known about a run when it starts. */
export type Started = Pick<Run, 'key' | 'payload' | 'attempt' | 'startedAt' | 'lapsedAt'> & { readonly value: string }

export interface Ended {
  readonly value: string
  readonly endedAt: number
  readonly ended: 'returned' | 'threw'
}

/** Records runs. The handler waits for `started`, so every effect is recorded. */
export interface Watch {
  started(run: Started): void | Promise<void>
  ended(run: Ended): void
}

export const OPERATION = 'history'
export const TENANT = 'single-tenant'

/** `claimTerms` adds this to the remaining time. */
const KILL_MARGIN = 1_000

/** The same as in the layer's own client. */
const REQUEST_TIMEOUT = 900

/** All processes share one clock. Without a skew, take-overs come sooner, and a minute has more of them. */
const SKEW_SECONDS = 0

export const workerOf = (tableName: string, endpoint: string): Once => {
  const requestHandler = { connectionTimeout: 1_000, requestTimeout: REQUEST_TIMEOUT, throwOnRequestTimeout: true }
  const client = testClient({ endpoint, requestHandler })
  return once({ store: dynamoDbStore({ tableName, client, skewSeconds: SKEW_SECONDS }), operation: OPERATION })
}

/** Makes one call and records the run of its handler. */
export const perform = async (worker: Once, ask: Ask, watch: Watch): Promise<ClientAnswer> => {
  const { key, payload, remaining, deed } = ask
  // Read before the layer reads its clock, so that the lease never ends earlier.
  const lapsedAt = Date.now() + remaining + KILL_MARGIN
  const context = { getRemainingTimeInMillis: () => remaining }
  try {
    const { value, status } = await worker({ key, tenant: TENANT, payload, context }, async (claim) => {
      const run = randomUUID()
      await watch.started({ key, payload, attempt: claim?.attempt, startedAt: Date.now(), lapsedAt, value: run })
      if (deed.afterMillis > 0) await sleep(deed.afterMillis)
      watch.ended({ value: run, endedAt: Date.now(), ended: deed.kind === 'return' ? 'returned' : 'threw' })
      if (deed.kind === 'throw') throw new Error('the handler threw')
      if (deed.kind === 'notDone') throw new NotDoneError('nothing was done')
      return run
    })
    return { kind: 'value', value, status }
  } catch (error) {
    return error instanceof IdempotencyError
      ? { kind: 'refused', code: error.code }
      : { kind: 'threw', error: String(error) }
  }
}
