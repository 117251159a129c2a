import type { RecordKey } from '../../../lib/core/identity/record-key.ts'
import type { StoredRecord } from '../../../lib/core/record/record.ts'
import { fromItem } from '../../../lib/dynamodb/item.ts'
import { itemFromWire } from '../../../lib/dynamodb/lean/wire.ts'
import { type Expressions, holds, mistakeIn, updated, type WireItem } from './expression.ts'

export type Operation = 'PutItem' | 'UpdateItem' | 'GetItem' | 'TransactWriteItems'

/** `headers`: name, value, name, value. */
export const operationIn = (headers: readonly string[]): Operation =>
  headers[headers.indexOf('x-amz-target') + 1]?.split('.').pop() as Operation

/** A request in DynamoDB's JSON protocol. */
export interface TableRequest extends Expressions {
  readonly Item?: WireItem
  readonly Key?: WireItem
  /** Whether a refusal returns the stored item. By default it does not. */
  readonly ReturnValuesOnConditionCheckFailure?: 'ALL_OLD' | 'NONE'
}

export interface TableAnswer {
  readonly status: number
  readonly body: string
}

/** The part of DynamoDB that records need. Condition and write are one step. It has no clock: callers pass the time. */
export interface ItemTable {
  serve(operation: Operation, request: TableRequest): TableAnswer
  /**
   * Serves a transaction whose first item is `request`. `applyOthers` applies all others, or none: then it returns one
   * reason for each of them. It is called only if the condition of the first item holds.
   */
  transact(
    request: TableRequest,
    applyOthers: () => readonly (CancellationReason | undefined)[] | undefined,
  ): TableAnswer
  /** Reads as an eventually consistent read that misses the last write. */
  serveStale(request: TableRequest): TableAnswer
  read(recordKey: RecordKey): StoredRecord | undefined
  hasSteps(recordKey: RecordKey): boolean
  /** Deletes expired items, as TTL does. Takes the time in epoch seconds. */
  sweep(now: number): void
}

/** Why an item of a transaction is not applied. */
export interface CancellationReason {
  readonly Code: string
  readonly Item?: WireItem
}

interface Version {
  readonly item: WireItem
  readonly record: StoredRecord
}

export const refusal = (name: string, more: object = {}): TableAnswer => ({
  status: 400,
  body: JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${name}`, message: name, ...more }),
})

const keyOf = ({ Item, Key }: TableRequest): string => (Item ?? Key)?.pk?.S ?? ''

const CONDITION = 'ConditionalCheckFailed'

const OK: TableAnswer = { status: 200, body: '{}' }

const refusedBy = ({ ReturnValuesOnConditionCheckFailure: asked }: TableRequest, stored?: Version): TableAnswer =>
  refusal('ConditionalCheckFailedException', asked === 'ALL_OLD' && stored !== undefined ? { Item: stored.item } : {})

/** The answer to a transaction of which nothing is applied. */
export const cancelled = (reasons: readonly (CancellationReason | undefined)[]): TableAnswer =>
  refusal('TransactionCanceledException', { CancellationReasons: reasons.map((reason = { Code: 'None' }) => reason) })

const found = (version: Version | undefined): TableAnswer =>
  version === undefined ? OK : { status: 200, body: JSON.stringify({ Item: version.item }) }

export const createItemTable = (): ItemTable => {
  const current = new Map<string, Version>()
  const previous = new Map<string, Version | undefined>()

  const enter = (key: string, item: WireItem): void => {
    previous.set(key, current.get(key))
    current.set(key, { item, record: Object.freeze(fromItem(itemFromWire(item))) })
  }

  return {
    serve: (operation, request) => {
      const key = keyOf(request)
      const version = current.get(key)
      if (operation === 'GetItem') return found(version)
      const mistake = mistakeIn(request)
      if (mistake !== undefined) return refusal('ValidationException', { message: mistake })
      if (!holds(request, version?.item ?? {})) return refusedBy(request, version)
      enter(key, request.Item ?? updated(request, version?.item ?? {}))
      return OK
    },
    transact: (request, applyOthers) => {
      const key = keyOf(request)
      const version = current.get(key)
      const mistake = mistakeIn(request)
      if (mistake !== undefined) return refusal('ValidationException', { message: mistake })
      if (!holds(request, version?.item ?? {})) {
        const asked = request.ReturnValuesOnConditionCheckFailure === 'ALL_OLD'
        return cancelled([{ Code: CONDITION, ...(asked && version !== undefined ? { Item: version.item } : {}) }])
      }
      const reasons = applyOthers()
      if (reasons !== undefined) return cancelled([undefined, ...reasons])
      enter(key, request.Item ?? updated(request, version?.item ?? {}))
      return OK
    },
    serveStale: (request) => found(previous.get(keyOf(request))),
    read: (recordKey) => current.get(recordKey)?.record,
    hasSteps: (recordKey) => current.get(recordKey)?.item.steps !== undefined,
    sweep: (now) => {
      for (const [key, version] of current) {
        if (!(Number(version.item.expiresAt?.N) <= now)) continue
        previous.set(key, version)
        current.delete(key)
      }
    },
  }
}
