import type { StoredRecord } from '../record/record.ts'
import type { Settings } from '../settings.ts'
import { peekBudget } from './budget.ts'
import type { ClaimRequest } from './request.ts'

/** An eventually consistent read. Its answer is only a hint, and it may fail. */
export const peek = (
  { store, runtime }: Settings,
  { recordKey, fingerprint, now, deadline }: ClaimRequest,
): Promise<StoredRecord | undefined> =>
  runtime.withDeadline(peekBudget(now(), deadline), (signal) => store.peek(recordKey, signal, fingerprint))
