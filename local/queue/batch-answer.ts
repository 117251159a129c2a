import type { Invoked } from '../functions/invoked.ts'

/**
 * The ids of the messages that stay on the queue, as `ReportBatchItemFailures` defines it ("Handling errors for an SQS
 * event source"): all of them if the invocation failed, or if its answer names a message that is not in the batch.
 */
export const returnedIds = (invoked: Invoked, sent: readonly string[]): readonly string[] => {
  if (invoked.kind !== 'returned') return sent
  const answer = invoked.result as { readonly batchItemFailures?: unknown } | null
  const failures = answer?.batchItemFailures ?? []
  if (!Array.isArray(failures)) return sent
  const ids = failures.map((failure: { readonly itemIdentifier?: unknown } | null) => failure?.itemIdentifier)
  return ids.every((id) => typeof id === 'string' && sent.includes(id)) ? (ids as string[]) : sent
}
