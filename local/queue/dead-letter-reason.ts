import { deriveFingerprint } from '../../lib/core/identity/fingerprint.ts'
import { deriveRecordKey } from '../../lib/core/identity/record-key.ts'
import { decodeOutcome } from '../../lib/core/outcome/outcome.ts'
import type { StoredRecord } from '../../lib/core/record/record.ts'
import type { Store } from '../../lib/core/record/store.ts'

/** SQS's reason, used if the record gives none. */
const RECEIVED_TOO_OFTEN = 'maxReceiveCount'

const PEEK_MILLIS = 2_000

/** Reads from its record why an order is a dead letter, as an operator would look it up by hand. */
export const deadLetterReason =
  (store: Store, operation: string) =>
  async (body: string): Promise<string> => {
    try {
      const { merchantId: tenant, orderId: key } = JSON.parse(body)
      const record = await store.peek(deriveRecordKey({ operation, tenant, key }), AbortSignal.timeout(PEEK_MILLIS))
      return record === undefined ? RECEIVED_TOO_OFTEN : reasonIn(record, body)
    } catch {
      return RECEIVED_TOO_OFTEN // the body is not an order, or the database is stopping
    }
  }

const reasonIn = (record: StoredRecord, body: string): string => {
  if (record.fingerprint !== deriveFingerprint([{ kind: 'body', body }])) return 'mismatch'
  if (record.status !== 'FAILED') return RECEIVED_TOO_OFTEN
  const outcome = decodeOutcome(record.outcome)
  return outcome.kind === 'error' && outcome.error.message.startsWith('Poison') ? 'poison' : 'failed'
}
