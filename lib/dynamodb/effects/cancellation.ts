import { StoreMisconfiguredError } from '../../core/errors.ts'
import type { Claim } from '../../core/record/claim.ts'
import { isOwnSettlement } from '../../core/record/own-write.ts'
import type { Commit, CommitAnswer, RefusalReason, TransactItem } from '../../core/record/store.ts'
import { faultOf, isOfSetUp, isThrottle, isUnsent, type Refused, refusedBy, type ServiceFault } from '../faults.ts'
import type { Item } from '../item.ts'
import type { TableKeys } from '../table-options.ts'

interface Reason {
  readonly Code?: string
  readonly Message?: string
  readonly Item?: Item | null
}

interface TransactionFault {
  readonly name?: string
  readonly CancellationReasons?: readonly Reason[]
  readonly $metadata?: { readonly attempts?: number; readonly httpStatusCode?: number }
}

const CONDITION = 'ConditionalCheckFailed'

/** The reasons that are about the moment, from `CancellationReason` in the DynamoDB API reference. */
const PASSING: readonly (string | undefined)[] = [
  'TransactionConflict',
  'ThrottlingError',
  'ProvisionedThroughputExceeded',
]

/** Throws where nothing is known of the transaction. */
export const commitAnswerOf = (error: unknown, tableName: string, claim: Claim, commit: Commit): CommitAnswer => {
  const fault = (error ?? {}) as TransactionFault
  // An earlier send of the client may still be under way, also after a cancellation.
  const isOnlySend = fault.$metadata?.attempts === 1 || isUnsent(error)
  switch (fault.name) {
    case 'TransactionCanceledException':
      return cancelled(error as ServiceFault, fault.CancellationReasons, { claim, commit, isOnlySend, tableName })
    case 'TransactionInProgressException':
      return { kind: 'underWay' }
    case 'IdempotentParameterMismatchException':
      return { kind: 'tokenUsed' }
  }
  if (isThrottle(fault)) return { kind: 'busy', isOnlySend }
  const known = faultOf(error, tableName)
  if (!(known instanceof StoreMisconfiguredError)) throw known
  return { kind: 'mistaken', error, isOnlySend, ...(isOfSetUp(fault) ? { setUp: setUpError(known) } : {}) }
}

/** DynamoDB does not always say which of the tables it means. */
const setUpError = ({ message, cause }: StoreMisconfiguredError): StoreMisconfiguredError =>
  new StoreMisconfiguredError(`A transaction with the tables of its items: ${message}`, { cause })

interface About {
  readonly tableName: string
  readonly claim: Claim
  readonly commit: Commit
  readonly isOnlySend: boolean
}

/**
 * The record's own reason comes first: an earlier send that was applied makes a condition such as
 * `attribute_not_exists(order)` false too.
 */
const cancelled = (error: ServiceFault, reasons: readonly Reason[] = [], about: About): CommitAnswer => {
  const { isOnlySend, tableName } = about
  const [own, ...others] = reasons
  if (own === undefined) return { kind: 'mistaken', error: withoutReasons(tableName), isOnlySend }
  if (own.Code === CONDITION) return lostTo(own, error, about)
  if (reasons.some(({ Code }) => PASSING.includes(Code))) return { kind: 'busy', isOnlySend }
  const isRefused = others.some(({ Code }) => Code === CONDITION) && reasons.every(isConditionOrNone)
  return isRefused
    ? { kind: 'refused', reasons: others.map(reasonOf), isOnlySend }
    : { kind: 'mistaken', error, isOnlySend }
}

/** The record that is there instead, unless an earlier send of this commit wrote it. */
const lostTo = (
  { Item: item }: Reason,
  { $response = {} }: ServiceFault,
  { claim, commit, isOnlySend }: About,
): CommitAnswer => {
  let refused: Refused
  try {
    refused = refusedBy({ $response, Item: item })
  } catch (error) {
    return { kind: 'mistaken', error, isOnlySend } // another program wrote the record
  }
  const { record } = refused
  return record !== undefined && isOwnSettlement(record, claim, commit.completion)
    ? { kind: 'committed' }
    : { kind: 'lost', ...refused, ...(isOnlySend ? {} : { isOnlySend }) }
}

const isConditionOrNone = ({ Code = 'None' }: Reason): boolean => Code === 'None' || Code === CONDITION

const reasonOf = ({ Code = 'None', Message, Item: item }: Reason): RefusalReason | undefined =>
  Code === 'None' ? undefined : { code: Code, ...(Message ? { message: Message } : {}), ...(item ? { item } : {}) }

const withoutReasons = (tableName: string): StoreMisconfiguredError =>
  new StoreMisconfiguredError(
    `Table "${tableName}": a transaction was cancelled without CancellationReasons. The client has to give them, as the AWS SDK v3 does.`,
  )

/** Two of the transaction's items would be the same record, or an item would change another record. */
export const assertForeignItems = (
  items: readonly TransactItem[],
  tableName: string,
  keys: TableKeys | undefined,
): void => {
  const own = bareName(tableName)
  const index = items.findIndex((item) => {
    const { TableName, Key, Item = Key } = actionOf(item)
    if (typeof TableName !== 'string' || bareName(TableName) !== own) return false
    return keys === undefined || keys.isRecord(Item ?? {})
  })
  if (index === -1) return
  const whose =
    keys === undefined
      ? `"${tableName}", which is lambda-once's own table`
      : `a record of lambda-once in "${tableName}"`
  throw new TypeError(`A transaction: items[${index}] writes to ${whose}`)
}

interface Action {
  readonly TableName?: unknown
  readonly Key?: Item
  readonly Item?: Item
}

const actionOf = (item: TransactItem): Action =>
  (Object.values(item).find((value) => value !== undefined) as Action | undefined) ?? {}

/** An ARN ends in `table/<name>`. */
const bareName = (table: string): string => table.slice(table.lastIndexOf('/') + 1)
