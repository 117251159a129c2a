import type { Claim } from '../../lib/core/record/claim.ts'
import type { StoredRecord } from '../../lib/core/record/record.ts'
import { toWire } from '../../lib/dynamodb/lean/wire.ts'
import { changeInput, type WantedChange } from '../../lib/operator/change-input.ts'
import { DeadlineSignal } from './deadline-signal.ts'
import { TABLE_NAME } from './table/table-store.ts'
import type { World } from './world.ts'

const UNHURRIED = new DeadlineSignal().asAbortSignal()

/** Writes the change if the record is as it was seen: over the table with the production request. */
export const changeRecord = ({ table, store }: World, wanted: WantedChange): void => {
  if (table !== undefined) table.serve('UpdateItem', JSON.parse(toWire(changeInput(TABLE_NAME, wanted))))
  // The reference store knows no persons. A take-over makes the same comparison, and writes what it is given.
  else void store.takeOver(wanted.seen, changed(wanted) as StoredRecord & Claim, UNHURRIED)
}

/** The record as `changeInput` leaves it, without the audit trail, which no rule reads. */
const changed = ({ seen, token, change }: WantedChange): StoredRecord => {
  const { act: _, reason: __, override = seen.override, step: ______, steps, ...set } = change
  const { override: ___, ...kept } = set.status === undefined ? seen : ended(seen, set.status === 'RELEASED')
  return {
    ...kept,
    ...set,
    ...(override === null || override === undefined ? {} : { override }),
    ...(steps === undefined ? {} : { steps: steps.size === 0 ? undefined : steps }),
    claimToken: token,
    revision: seen.revision + 1,
  } as StoredRecord
}

/** A record that has ended has nothing of a run, and a released one no outcome. */
const ended = (record: StoredRecord, isReleased: boolean): Kept => {
  const {
    leaseExpiresAt: _,
    lastError: __,
    steps: ___,
    reconciles: ____,
    reconcileAt: _____,
    ...kept
  } = record as Whole
  if (!isReleased) return kept
  const { outcome: ______, ...rest } = kept
  return rest
}

type Kept = Pick<Whole, 'override'>

/** Whatever its status, a record may have any of these. */
type Whole = StoredRecord &
  Partial<Record<'leaseExpiresAt' | 'lastError' | 'steps' | 'reconciles' | 'reconcileAt' | 'outcome', unknown>>
