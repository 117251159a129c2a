import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { deriveRecordKey } from '../../lib/core/identity/record-key.ts'
import type { StoredRecord } from '../../lib/core/record/record.ts'
import { fromItem } from '../../lib/dynamodb/item.ts'
import { databaseEndpoint, freshTable, readItem } from '../support/dynamodb.ts'
import type { Abandoned, Answer, Office, Payment } from './payer.ts'

/** Remaining time of an invocation, in milliseconds. With the lease's extra second, enough to start a run. */
export const REMAINING = 1_500

/** Fresh tables. All processes share one clock, so the skew is 0 unless one is given. */
export const openOffice = async (skewSeconds = 0): Promise<(abandoned?: Abandoned) => Office> => {
  const [tableName, effectsTable] = await Promise.all([freshTable(), freshTable()])
  return (abandoned = 'rerun') => ({
    endpoint: databaseEndpoint(),
    tableName,
    effectsTable,
    abandoned,
    skewSeconds,
  })
}

export const aPayment = (over: Partial<Payment> = {}): Payment => ({
  key: randomUUID(),
  payload: '100 EUR',
  remaining: REMAINING,
  ...over,
})

export const recordOf = async ({ tableName }: Office, { key }: Payment): Promise<StoredRecord | undefined> => {
  const item = await readItem(tableName, deriveRecordKey({ operation: 'kills', tenant: 'single-tenant', key }))
  return item === undefined ? undefined : fromItem(item)
}

/** Like a well-behaved client: waits for `Retry-After`. */
export const asTold = async (answer: Answer): Promise<void> => {
  if ('retryAfterSeconds' in answer) await sleep((answer.retryAfterSeconds ?? 0) * 1_000)
}
