import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { dynamoDbStore } from '../../lib/dynamodb/index.ts'
import { IdempotencyError, NotDoneError, type Once, once } from '../../lib/index.ts'
import type { ClientAnswer, Run } from '../../lib/testing/index.ts'
import { testClient } from '../../test/support/dynamodb.ts'

/** What a client asks for, and what the handler will do if it runs. */
export interface Ask {
  readonly key: string
  readonly payload: string
  /** Of the invocation, in milliseconds: the lease is a second longer. */
  readonly remaining: number
  readonly deed: Deed
}

export interface Deed {
  readonly kind: 'return' | 'throw' | 'notDone'
  readonly afterMillis: number
}

/** A run as far as it is known when it starts. */
export type Started = Pick<Run, 'key' | 'payload' | 'attempt' | 'startedAt' | 'lapsedAt'> & { readonly value: string }

export interface Ended {
  readonly value: string
  readonly endedAt: number
  readonly ended: 'returned' | 'threw'
}

/** Who writes the history. The handler goes on when `started` is done: no effect is without its line. */
export interface Watch {
  started(run: Started): void | Promise<void>
  ended(run: Ended): void
}

export const OPERATION = 'history'
export const TENANT = 'single-tenant'

/** As `claimTerms` adds it to the remaining time. */
const KILL_MARGIN = 1_000

/** As the layer's own client: a busy machine takes its time. */
const PATIENCE = 900

/** One machine has one clock: without skew to wait for, take-overs come sooner, and more of them in a minute. */
const SKEW_SECONDS = 0

export const workerOf = (tableName: string, endpoint: string): Once => {
  const requestHandler = { connectionTimeout: 1_000, requestTimeout: PATIENCE, throwOnRequestTimeout: true }
  const client = testClient({ endpoint, requestHandler })
  return once({ store: dynamoDbStore({ tableName, client, skewSeconds: SKEW_SECONDS }), operation: OPERATION })
}

/** One call, with its handler's run written down. */
export const perform = async (worker: Once, ask: Ask, watch: Watch): Promise<ClientAnswer> => {
  const { key, payload, remaining, deed } = ask
  // Before the layer looks at its clock: a lease never ends earlier than this says.
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
