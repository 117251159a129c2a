import { pay } from '../workload/http.ts'
import { reserve } from '../workload/orders.ts'
import { chain } from './chain.ts'
import { inSlots } from './in-slots.ts'
import { CONCURRENCY, type OpenSubject } from './subject.ts'

/** The handlers without idempotency: a duplicate runs again. */
export const open: OpenSubject = () => {
  const invoke = chain(pay)
  return {
    invoke,
    invokeCached: invoke,
    batch: async ({ Records }) => {
      await inSlots(Records, CONCURRENCY, (record) => reserve(JSON.parse(record.body)))
      return { batchItemFailures: [] }
    },
  }
}
