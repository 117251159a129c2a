import type { Settings } from '../options.ts'
import type { StoredRecord } from '../record/record.ts'
import { readBudget } from './budget.ts'
import type { ClaimRequest } from './request.ts'

/** An eventually consistent read: what it says is a hint, and it may fail. */
export const look = (
  { store, runtime }: Settings,
  { recordKey, now, deadline }: ClaimRequest,
): Promise<StoredRecord | undefined> =>
  runtime.withDeadline(readBudget(now(), deadline), (by) => store.peek(recordKey, by))
