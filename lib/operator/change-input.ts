import type { UpdateItemCommandInput } from '@aws-sdk/client-dynamodb'
import type { StoredRecord } from '../core/record/record.ts'
import type { EpochMillis } from '../core/time.ts'
import { ATTRIBUTES as A, bytes, type Item, keyOf, number, stepMap, text, ttl } from '../dynamodb/item.ts'
import type { RecordChange } from './acts.ts'
import { type AuditEntry, withEntry } from './audit.ts'

export interface WantedChange {
  readonly seen: StoredRecord
  readonly token: string
  readonly change: RecordChange
  readonly by: string
  readonly now: EpochMillis
}

/** What a record that has ended does not have. */
const OF_A_RUN = [A.leaseExpiresAt, A.lastError, A.steps, A.reconciles, A.reconcileAt]

export const entryOf = ({ seen, change: { act, reason, step }, by, now }: WantedChange): AuditEntry => ({
  at: now,
  by,
  act,
  reason,
  from: seen.status,
  ...(step === undefined ? {} : { step }),
})

/** Applies only to the record as it was seen. The new token fences an owner that is late, and every delayed write. */
export const changeInput = (tableName: string, wanted: WantedChange): UpdateItemCommandInput => {
  const { seen, token, change } = wanted
  const { status, outcome, settledAt, expiresAt, override, steps, reconciles } = change
  const set: Item = {
    [A.claimToken]: text(token),
    [A.audit]: text(withEntry(seen, entryOf(wanted))),
    ...(status === undefined ? {} : { [A.status]: text(status) }),
    ...(outcome === undefined ? {} : { [A.outcome]: bytes(outcome) }),
    ...(settledAt === undefined ? {} : { [A.settledAt]: number(settledAt) }),
    ...(expiresAt === undefined ? {} : { [A.expiresAt]: ttl(expiresAt) }),
    ...(override ? { [A.override]: text(JSON.stringify(override)) } : {}),
    ...(steps?.size ? { [A.steps]: stepMap(steps) } : {}),
    ...(reconciles === undefined ? {} : { [A.reconciles]: number(reconciles) }),
  }
  const remove = [
    ...(status === undefined ? [] : OF_A_RUN),
    ...(status === 'RELEASED' ? [A.outcome] : []),
    ...(override === null ? [A.override] : []),
    ...(steps?.size === 0 ? [A.steps] : []),
  ]
  const names = Object.keys(set)
  return {
    TableName: tableName,
    Key: keyOf(seen.recordKey),
    UpdateExpression:
      `SET #revision = #revision + :one, ${names.map((name) => `#${name} = :${name}`).join(', ')}` +
      (remove.length === 0 ? '' : ` REMOVE ${remove.map((name) => `#${name}`).join(', ')}`),
    ConditionExpression: '#claimToken = :seen AND #revision = :seenRevision',
    ExpressionAttributeNames: Object.fromEntries(
      [A.revision, A.claimToken, ...names, ...remove].map((name) => [`#${name}`, name]),
    ),
    ExpressionAttributeValues: {
      ':one': number(1),
      ':seen': text(seen.claimToken),
      ':seenRevision': number(seen.revision),
      ...Object.fromEntries(names.map((name) => [`:${name}`, set[name] as Item[string]])),
    },
    ReturnValues: 'ALL_NEW',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  }
}
