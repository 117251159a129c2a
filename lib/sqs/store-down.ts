import type { Deadline } from '../batch/deadline.ts'
import { runInOrder } from '../batch/run-in-order.ts'
import { fromSeconds } from '../core/time.ts'
import type { Queue } from './queue.ts'
import { receiveCountOf, type SqsRecord } from './record.ts'

/** By receive count. Most outages end within minutes; without a delay the messages would use up their receives in seconds. */
const DELAY_SECONDS = [60, 300]
const LONGEST_DELAY_SECONDS = 900

/** The invocation must throw before Lambda ends it: a timeout would hide the store's error from the operator. */
const THROW_MARGIN = fromSeconds(3)

const CONCURRENCY = 10

/** Delays the messages of a batch while the store is down, as far as the remaining time allows. */
export const delayAll = async (queue: Queue, records: readonly SqsRecord[], deadline: Deadline): Promise<void> => {
  const delay = async (record: SqsRecord): Promise<void> => {
    const seconds = DELAY_SECONDS[receiveCountOf(record) - 1] ?? LONGEST_DELAY_SECONDS
    if (deadline.left() > THROW_MARGIN) await queue.delayFor(record, seconds, deadline)
  }
  await runInOrder(
    records.map((record) => ({ chains: [], run: () => delay(record) })),
    CONCURRENCY,
  )
}
