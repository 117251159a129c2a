import type { InProgressRecord, Steps, StoredRecord } from '../core/record/record.ts'
import type { Settlement } from '../core/record/store.ts'

/** The record that a settlement leaves. */
export const settledRecord = (record: InProgressRecord, settlement: Settlement): StoredRecord => {
  const { recordKey, fingerprint, claimToken, attempt, generation, createdAt, expiresAt } = record
  const { audit } = record
  const kept = {
    recordKey,
    fingerprint,
    claimToken,
    attempt,
    generation,
    createdAt,
    revision: record.revision + 1,
    ...(audit === undefined ? {} : { audit }),
  }
  switch (settlement.kind) {
    case 'completed': {
      const { status, settledAt } = settlement
      // A copy, because the caller may reuse its buffer.
      return {
        status,
        outcome: Uint8Array.from(settlement.outcome),
        settledAt,
        expiresAt: settlement.expiresAt,
        ...kept,
      }
    }
    case 'released':
      return {
        status: 'RELEASED',
        settledAt: settlement.settledAt,
        expiresAt: settlement.expiresAt,
        ...lastErrorOf(settlement),
        ...kept,
      }
    case 'abandoned':
      return {
        status: 'IN_PROGRESS',
        leaseExpiresAt: undefined,
        expiresAt,
        ...generationIn(record),
        ...stepsIn(record, settlement),
        ...settlement.deferred,
        ...lastErrorOf(settlement),
        ...kept,
        claimToken: settlement.fence ?? claimToken,
      }
  }
}

const generationIn = ({ generationAt, reconciles }: InProgressRecord): Partial<InProgressRecord> => ({
  ...(generationAt === undefined ? {} : { generationAt }),
  ...(reconciles === undefined ? {} : { reconciles }),
})

const stepsIn = (
  record: InProgressRecord,
  { checkpoint }: Extract<Settlement, { kind: 'abandoned' }>,
): Pick<InProgressRecord, 'steps'> => {
  const steps = checkpoint === undefined ? record.steps : withSteps(record, checkpoint.steps)
  return steps === undefined ? {} : { steps }
}

/** Copies, because the caller may reuse its buffers. */
export const withSteps = ({ steps = new Map() }: InProgressRecord, added: Steps): Steps =>
  new Map([...steps, ...[...added].map(([name, kept]) => [name, Uint8Array.from(kept)] as const)])

const lastErrorOf = ({ lastError }: { readonly lastError?: string }): { lastError?: string } =>
  lastError === undefined ? {} : { lastError }
