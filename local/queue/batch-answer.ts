import type { Invoked } from '../functions/function-process.ts'

/**
 * The ids of the messages that stay on the queue, by `ReportBatchItemFailures` ("Handling errors for an SQS event
 * source"): all of them where the invocation failed, or where its answer names something that is not in the batch.
 */
export const returnedIds = (invoked: Invoked, sent: readonly string[]): readonly string[] => {
  if (invoked.kind !== 'returned') return sent
  const answer = invoked.result as { readonly batchItemFailures?: unknown } | null
  const failures = answer?.batchItemFailures ?? []
  if (!Array.isArray(failures)) return sent
  const ids = failures.map((failure: { readonly itemIdentifier?: unknown } | null) => failure?.itemIdentifier)
  return ids.every((id) => typeof id === 'string' && sent.includes(id)) ? (ids as string[]) : sent
}
