import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { deriveRecordKey } from '../../lib/core/identity/record-key.ts'
import type { AbandonedPolicy } from '../../lib/core/record/judge.ts'
import type { StoredRecord } from '../../lib/core/record/record.ts'
import { fromItem } from '../../lib/dynamodb/item.ts'
import { databaseEndpoint, freshTable, readItem } from '../support/dynamodb.ts'
import type { Answer, Office, Payment } from './payer.ts'

/** Of an invocation, in milliseconds. The lease is a second longer: enough to start a run, and soon over. */
export const REMAINING = 1_500

/** Tables of its own; one clock for all, and so no skew to wait for, unless one is given. */
export const openOffice = async (skewSeconds = 0): Promise<(abandoned?: AbandonedPolicy) => Office> => {
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

/** As an obedient client: waits as long as it was told. */
export const asTold = async (answer: Answer): Promise<void> => {
  if ('retryAfterSeconds' in answer) await sleep((answer.retryAfterSeconds ?? 0) * 1_000)
}
