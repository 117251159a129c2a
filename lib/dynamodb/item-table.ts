import type { UpdateItemCommandInput } from '@aws-sdk/client-dynamodb'
import { StoreUnavailableError } from '../core/errors.ts'
import type { Claim } from '../core/record/claim.ts'
import type { StoredRecord } from '../core/record/record.ts'
import type { DynamoDbForm, Lost } from '../core/record/store.ts'
import type { Runtime } from '../core/runtime.ts'
import { millis } from '../core/time.ts'
import { faultOf, isConditionFailure, isTransactionConflict, type Refused, refusedBy } from './faults.ts'
import type { ItemClient } from './item-client.ts'
import { outputOf } from './output.ts'
import type { TableKeys } from './table-options.ts'

export type WriteResult =
  | { readonly kind: 'written' }
  | ({ readonly kind: 'refused' } & Refused)
  | { readonly kind: 'contended' }

/** An update of a record by the owner of its claim. */
export interface OwnersWrite<Kind extends string> {
  /** The kind of the answer once it is written. */
  readonly as: Kind
  readonly input: UpdateItemCommandInput
  /** True if an earlier send of this update has left the record that refused it. */
  readonly isOwn: (refused: StoredRecord) => boolean
}

export type OwnersAnswer<Kind extends string> = { readonly kind: Kind } | Lost

/** The table of a store, and the ways to write to it. */
export interface ItemTable {
  readonly tableName: string
  readonly client: ItemClient
  readonly keys: TableKeys | undefined
  /** Returns an answer if a condition does not hold. Throws for every other error. */
  write(send: () => Promise<unknown>): Promise<WriteResult>
  ownersWrite<Kind extends string>(write: OwnersWrite<Kind>, signal: AbortSignal): Promise<OwnersAnswer<Kind>>
}

/** Makes the write of effects that brought it along. `within`: a write of the owner that it is a part of. */
export type FormOf<Write, Answer> = (
  table: ItemTable,
  claim: Claim,
  write: Write,
  signal: AbortSignal,
  within?: OwnersWrite<string>,
) => Promise<Answer>

/** A write of effects that brings its form along. */
interface Formed {
  readonly dynamoDb: DynamoDbForm
}

/** Lets each write of effects make itself. */
export const byItsForm =
  (table: ItemTable) =>
  async <Write extends Formed, Answer>(
    claim: Claim,
    write: Write,
    signal: AbortSignal,
    within?: OwnersWrite<string>,
  ): Promise<Answer> =>
    (write.dynamoDb as unknown as FormOf<Write, Answer>)(table, claim, write, signal, within)

/** A transaction holds an item for some milliseconds, and refuses other writes to it meanwhile. */
const MAX_TRANSACTION_CONFLICTS = 5
const CONFLICT_JITTER = millis(40)

type TableSettings = Pick<ItemTable, 'tableName' | 'client' | 'keys'> & { readonly runtime: Runtime }

export const itemTable = ({ tableName, client, keys, runtime }: TableSettings): ItemTable => {
  const write = async (send: () => Promise<unknown>): Promise<WriteResult> => {
    for (let tried = 1; ; tried++) {
      try {
        outputOf(await send(), tableName)
        return { kind: 'written' }
      } catch (error) {
        if (isConditionFailure(error)) return { kind: 'refused', ...refusedBy(error) }
        if (!isTransactionConflict(error)) {
          const fault = faultOf(error, tableName)
          // An earlier send met a transaction, so contention is known.
          if (tried > 1 && fault instanceof StoreUnavailableError) return { kind: 'contended' }
          throw fault
        }
        if (tried === MAX_TRANSACTION_CONFLICTS) return { kind: 'contended' }
      }
      await runtime.sleep(millis(runtime.random() * CONFLICT_JITTER * tried))
    }
  }

  const ownersWrite = async <Kind extends string>(
    { as, input, isOwn }: OwnersWrite<Kind>,
    signal: AbortSignal,
  ): Promise<OwnersAnswer<Kind>> => {
    const written = await write(() => client.updateItem(input, signal))
    if (written.kind === 'written') return { kind: as }
    if (written.kind === 'contended')
      throw faultOf(new Error('The item stayed in conflict with transactions'), tableName)
    const { record } = written
    if (record === undefined) return { kind: 'lost' } // TTL has deleted it
    return isOwn(record) ? { kind: as } : { kind: 'lost', record }
  }

  return { tableName, client, keys, write, ownersWrite }
}
