import { MAX_ITEM_BYTES, WRITE_UNIT_BYTES } from '../core/limits.ts'
import type { OutcomeRoom } from '../core/outcome/outcome.ts'
import { type Claim, recordOf } from '../core/record/claim.ts'
import { isOwnClaim, isOwnRenewal, isOwnSettlement } from '../core/record/own-write.ts'
import type { ClaimAnswer, Store } from '../core/record/store.ts'
import { type Runtime, systemRuntime } from '../core/runtime.ts'
import { fromSeconds } from '../core/time.ts'
import { peekInput, putInput, renewInput, settleInput } from './expressions.ts'
import { faultOf, withoutItem } from './faults.ts'
import { ATTRIBUTES, fromItem, type Item, toItem } from './item.ts'
import type { ItemClient } from './item-client.ts'
import { itemSize } from './item-size.ts'
import { byItsForm, itemTable, type OwnersWrite, type WriteResult } from './item-table.ts'
import { outputOf } from './output.ts'
import type { TableKeys } from './table-options.ts'

export interface ItemStoreSettings {
  readonly tableName: string
  readonly client: ItemClient
  readonly skewSeconds: number
  readonly keys?: TableKeys | undefined
  readonly runtime?: Runtime
}

/** Bytes that a settled item has in addition to the claim's attributes and the outcome's own bytes. */
const SETTLED_BYTES = Buffer.byteLength(ATTRIBUTES.settledAt) + Buffer.byteLength(ATTRIBUTES.outcome) + 16

export const itemStore = (settings: ItemStoreSettings): Store => {
  const { tableName, keys, skewSeconds, runtime = systemRuntime } = settings
  const client = keys?.over(settings.client) ?? settings.client
  const table = itemTable({ tableName, client, keys, runtime })
  const { write, ownersWrite } = table
  /** A write of effects makes itself. */
  const formed = byItsForm(table)

  const read = async (send: () => Promise<unknown>): Promise<Item | undefined> => {
    try {
      return outputOf(await send(), tableName).Item ?? undefined
    } catch (error) {
      throw faultOf(error, tableName)
    }
  }

  return {
    skew: fromSeconds(skewSeconds),

    claim: async (wanted, signal) => {
      const written = await write(() => client.putItem(putInput(tableName, recordOf(wanted), undefined), signal))
      const answer = claimAnswer(written, wanted)
      if (answer === undefined) throw withoutItem(tableName)
      return answer
    },

    takeOver: async (seen, wanted, signal) => {
      const written = await write(() => client.putItem(putInput(tableName, recordOf(wanted), seen), signal))
      return claimAnswer(written, wanted) ?? { kind: 'gone' } // TTL has deleted the record
    },

    renew: async (claim, renewal, signal) =>
      ownersWrite(
        {
          as: 'renewed',
          input: renewInput(tableName, claim, renewal),
          isOwn: (record) => isOwnRenewal(record, claim, renewal),
        },
        signal,
      ),

    nextGeneration: formed,
    checkpoint: formed,
    commit: formed,

    settle: async (claim, settlement, signal) => {
      const ending: OwnersWrite<'settled'> = {
        as: 'settled',
        input: settleInput(tableName, claim, settlement),
        isOwn: (record) => isOwnSettlement(record, claim, settlement),
      }
      const checkpoint = settlement.kind === 'abandoned' ? settlement.checkpoint : undefined
      return checkpoint === undefined ? ownersWrite(ending, signal) : formed(claim, checkpoint, signal, ending)
    },

    peek: async (recordKey, signal) => {
      const item = await read(() => client.getItem(peekInput(tableName, recordKey), signal))
      return item && fromItem(item)
    },

    outcomeRoom: (claim): OutcomeRoom => ({
      besideBytes: itemSize(toItem(recordOf({ ...claim, steps: undefined }))) + SETTLED_BYTES + (keys?.moreBytes ?? 0),
      unitBytes: WRITE_UNIT_BYTES,
      maxBytes: MAX_ITEM_BYTES,
    }),
  }
}

/** Returns `undefined` if the write was refused and no record came back. */
const claimAnswer = (written: WriteResult, wanted: Claim): ClaimAnswer | undefined => {
  if (written.kind === 'written') return { kind: 'claimed' }
  if (written.kind === 'contended') return written
  const { record, storeTime } = written
  if (record === undefined) return undefined
  if (isOwnClaim(record, wanted)) return { kind: 'claimed' }
  return storeTime === undefined ? { kind: 'occupied', record } : { kind: 'occupied', record, storeTime }
}
