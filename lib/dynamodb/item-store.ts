import { StoreUnavailableError } from '../core/errors.ts'
import { MAX_ITEM_BYTES, WRITE_UNIT_BYTES } from '../core/limits.ts'
import type { OutcomeRoom } from '../core/outcome/outcome.ts'
import { type Claim, recordOf } from '../core/record/claim.ts'
import {
  isOwnCheckpoint,
  isOwnClaim,
  isOwnGeneration,
  isOwnRenewal,
  isOwnSettlement,
} from '../core/record/own-write.ts'
import type { StoredRecord } from '../core/record/record.ts'
import type { ClaimAnswer, Lost, Store } from '../core/record/store.ts'
import { type Runtime, systemRuntime } from '../core/runtime.ts'
import { fromSeconds, millis } from '../core/time.ts'
import { assertForeignTables, commitAnswerOf } from './cancellation.ts'
import {
  checkpointInput,
  commitInput,
  nextGenerationInput,
  peekInput,
  putInput,
  renewInput,
  settleInput,
} from './expressions.ts'
import { faultOf, isConditionFailure, isTransactionConflict, type Refused, refusedBy, withoutItem } from './faults.ts'
import { ATTRIBUTES, fromItem, type Item, toItem } from './item.ts'
import type { ItemClient } from './item-client.ts'
import { itemSize } from './item-size.ts'
import { outputOf } from './output.ts'

export interface ItemStoreSettings {
  readonly tableName: string
  readonly client: ItemClient
  readonly skewSeconds: number
  readonly runtime?: Runtime
}

type WriteResult =
  | { readonly kind: 'written' }
  | ({ readonly kind: 'refused' } & Refused)
  | { readonly kind: 'contended' }

/** A transaction holds an item for some milliseconds, and refuses other writes to it meanwhile. */
const MAX_TRANSACTION_CONFLICTS = 5
const CONFLICT_JITTER = millis(40)

/** Bytes that a settled item has in addition to the claim's attributes and the outcome's own bytes. */
const SETTLED_BYTES = Buffer.byteLength(ATTRIBUTES.settledAt) + Buffer.byteLength(ATTRIBUTES.outcome) + 16

export const itemStore = ({ tableName, client, skewSeconds, runtime = systemRuntime }: ItemStoreSettings): Store => {
  /** Returns an answer if a condition does not hold. Throws for every other error. */
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

  const read = async (send: () => Promise<unknown>): Promise<Item | undefined> => {
    try {
      return outputOf(await send(), tableName).Item ?? undefined
    } catch (error) {
      throw faultOf(error, tableName)
    }
  }

  const ownersWrite = async (
    send: () => Promise<unknown>,
    isOwn: (refused: StoredRecord) => boolean,
  ): Promise<{ kind: 'done' } | Lost> => {
    const written = await write(send)
    if (written.kind === 'written') return { kind: 'done' }
    if (written.kind === 'contended')
      throw faultOf(new Error('The item stayed in conflict with transactions'), tableName)
    const { record } = written
    if (record === undefined) return { kind: 'lost' } // TTL has deleted it
    return isOwn(record) ? { kind: 'done' } : { kind: 'lost', record }
  }

  /**
   * The refusal shows whether the record has steps. If that is not as expected, sends the write in its other form. A third
   * send is needed only if another write has added the first steps meanwhile.
   */
  const stepsWrite = async (
    claim: Claim,
    hasSteps: boolean,
    send: (hasSteps: boolean) => Promise<unknown>,
    isOwn: (refused: StoredRecord) => boolean,
  ): Promise<{ kind: 'done' } | Lost> => {
    for (let form = hasSteps; ; form = !form) {
      const written = await ownersWrite(() => send(form), isOwn)
      if (written.kind === 'done' || written.record === undefined || !isOwnClaim(written.record, claim)) return written
      if ((written.record.steps !== undefined) === form) return written
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

    renew: async (claim, renewal, signal) => {
      const written = await ownersWrite(
        () => client.updateItem(renewInput(tableName, claim, renewal), signal),
        (record) => isOwnRenewal(record, claim, renewal),
      )
      return written.kind === 'done' ? { kind: 'renewed' } : written
    },

    nextGeneration: async (claim, generationAt, signal) => {
      const written = await ownersWrite(
        () => client.updateItem(nextGenerationInput(tableName, claim, generationAt), signal),
        (record) => isOwnGeneration(record, claim),
      )
      return written.kind === 'done' ? { kind: 'begun' } : written
    },

    checkpoint: async (claim, checkpoint, signal) => {
      const { steps, follows = claim.steps !== undefined } = checkpoint
      const written = await stepsWrite(
        claim,
        follows,
        (hasSteps) => client.updateItem(checkpointInput(tableName, claim, checkpoint, hasSteps), signal),
        (record) => isOwnCheckpoint(record, claim, steps),
      )
      return written.kind === 'done' ? { kind: 'kept' } : written
    },

    commit: async (claim, commit, signal) => {
      if (client.transactWriteItems === undefined)
        return { kind: 'mistaken', error: new TypeError('The ItemClient has no transactWriteItems'), isOnlySend: true }
      try {
        assertForeignTables(commit.items, tableName)
      } catch (error) {
        return { kind: 'mistaken', error, isOnlySend: true }
      }
      try {
        outputOf(await client.transactWriteItems(commitInput(tableName, claim, commit), signal), tableName)
        return { kind: 'committed' }
      } catch (error) {
        return commitAnswerOf(error, tableName, claim, commit)
      }
    },

    settle: async (claim, settlement, signal) => {
      const { follows = claim.steps !== undefined } = (settlement.kind === 'abandoned' && settlement.checkpoint) || {}
      const written = await stepsWrite(
        claim,
        follows,
        (hasSteps) => client.updateItem(settleInput(tableName, claim, settlement, hasSteps), signal),
        (record) => isOwnSettlement(record, claim, settlement),
      )
      return written.kind === 'done' ? { kind: 'settled' } : written
    },

    peek: async (recordKey, signal) => {
      const item = await read(() => client.getItem(peekInput(tableName, recordKey), signal))
      return item && fromItem(item)
    },

    outcomeRoom: (claim): OutcomeRoom => ({
      besideBytes: itemSize(toItem(recordOf({ ...claim, steps: undefined }))) + SETTLED_BYTES,
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
