import type {
  AttributeValue,
  GetItemCommandInput,
  PutItemCommandInput,
  TransactWriteItem,
  UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb'
import type { RecordKey } from '../core/identity/record-key.ts'
import type { Claim } from '../core/record/claim.ts'
import type { InProgressRecord, SettledRecord, StoredRecord } from '../core/record/record.ts'
import type { Renewal, Settlement } from '../core/record/store.ts'
import { ATTRIBUTES as A, bytes, type Item, keyOf, number, text, toItem, ttl } from './item.ts'

type TransactPut = NonNullable<TransactWriteItem['Put']>

/** `status` is a reserved word in DynamoDB's expressions. */
const STATUS = { '#status': A.status }

const IS_MINE = `${A.claimToken} = :mine AND #status = :inProgress`
const NEXT_REVISION = `${A.revision} = ${A.revision} + :one`

/** A refusal returns the stored record, at no extra cost, so no read is needed to judge it. */
const WITH_THE_STORED_ITEM = { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } as const

/**
 * Puts a record where there is none, or over the record that was seen. Compares the revision too: the token alone does
 * not show whether the owner has written in the meantime.
 */
export const putInput = (
  tableName: string,
  record: InProgressRecord | SettledRecord,
  over: StoredRecord | undefined,
): PutItemCommandInput & TransactPut => ({
  TableName: tableName,
  Item: toItem(record),
  ...(over === undefined
    ? { ConditionExpression: `attribute_not_exists(${A.recordKey})` }
    : {
        ConditionExpression: `${A.claimToken} = :seen AND ${A.revision} = :seenRevision`,
        ExpressionAttributeValues: { ':seen': text(over.claimToken), ':seenRevision': number(over.revision) },
      }),
  ...WITH_THE_STORED_ITEM,
})

export const renewInput = (tableName: string, claim: Claim, renewal: Renewal): UpdateItemCommandInput =>
  ownersUpdate(tableName, claim, {
    set: {
      [A.leaseExpiresAt]: number(renewal.leaseExpiresAt),
      [A.expiresAt]: given(renewal.expiresAt, ttl),
    },
    // Also false if there is no lease: a delayed renewal never revives an abandoned record.
    condition: `${A.leaseExpiresAt} < :${A.leaseExpiresAt}`,
  })

export const settleInput = (tableName: string, claim: Claim, settlement: Settlement): UpdateItemCommandInput =>
  ownersUpdate(tableName, claim, {
    set: settledAttributes(settlement),
    // A settled record is no longer in doubt, so what belongs to a generation in doubt goes too.
    remove: settlement.kind === 'abandoned' ? A.leaseExpiresAt : `${A.leaseExpiresAt}, ${A.reconciles}, ${A.steps}`,
    // Without it a second send would raise the revision again, and a take-over would fail without a reason.
    condition: settlement.kind === 'abandoned' ? `attribute_exists(${A.leaseExpiresAt})` : undefined,
  })

const settledAttributes = (settlement: Settlement): Attributes => {
  if (settlement.kind === 'abandoned') {
    const { lastError, deferred, fence } = settlement
    return {
      [A.lastError]: given(lastError, text),
      [A.reconciles]: given(deferred?.reconciles, number),
      [A.reconcileAt]: given(deferred?.reconcileAt, number),
      [A.claimToken]: given(fence, text),
    }
  }
  return {
    [A.status]: text(settlement.kind === 'completed' ? settlement.status : 'RELEASED'),
    [A.settledAt]: number(settlement.settledAt),
    [A.expiresAt]: ttl(settlement.expiresAt),
    ...(settlement.kind === 'completed'
      ? { [A.outcome]: bytes(settlement.outcome) }
      : { [A.lastError]: given(settlement.lastError, text) }),
  }
}

const given = <T>(value: T | undefined, attribute: (value: T) => AttributeValue): AttributeValue | undefined =>
  value === undefined ? undefined : attribute(value)

export const peekInput = (tableName: string, recordKey: RecordKey): GetItemCommandInput => ({
  TableName: tableName,
  Key: keyOf(recordKey),
  ConsistentRead: false,
})

/** What an update sets; it leaves an attribute without a value as it is. */
type Attributes = Readonly<Record<string, AttributeValue | undefined>>

interface OwnersUpdate {
  readonly set: Attributes
  readonly remove?: string
  readonly condition?: string | undefined
}

/** Every write after the claim. It applies only to a record that is in progress under the claim's own token. */
export const ownersUpdate = (
  tableName: string,
  claim: Claim,
  { set, remove, condition }: OwnersUpdate,
): UpdateItemCommandInput => {
  const values: Item = { ':mine': text(claim.claimToken), ':inProgress': text('IN_PROGRESS'), ':one': number(1) }
  let assignments = NEXT_REVISION
  for (const [name, value] of Object.entries(set)) {
    if (value === undefined) continue
    assignments += `, ${name === A.status ? '#status' : name} = :${name}`
    values[`:${name}`] = value
  }
  return {
    TableName: tableName,
    Key: keyOf(claim.recordKey),
    UpdateExpression: `SET ${assignments}${remove ? ` REMOVE ${remove}` : ''}`,
    ConditionExpression: condition ? `${IS_MINE} AND ${condition}` : IS_MINE,
    ExpressionAttributeNames: STATUS,
    ExpressionAttributeValues: values,
    ...WITH_THE_STORED_ITEM,
  }
}
