import { fromSeconds } from '../core/time.ts'
import type { Deadline } from './deadline.ts'
import type { Queue } from './queue.ts'
import { receiveCountOf, type SqsRecord } from './record.ts'
import { inTurn } from './run-in-order.ts'

/** A store that is down is mostly back in minutes; without a pause its messages use up their receives in seconds. */
const PAUSE_SECONDS = [60, 300, 900] as const

/** The invocation has to throw before it is killed: a timeout would tell the operator something else. */
const THROW_MARGIN = fromSeconds(3)

const AT_ONCE = 10

const pauseSeconds = (record: SqsRecord): number =>
  PAUSE_SECONDS[Math.min(receiveCountOf(record), PAUSE_SECONDS.length) - 1] ?? PAUSE_SECONDS[0]

/** Keeps the messages of a batch away from a store that is down, as far as there is time. */
export const waitOut = async (queue: Queue, records: readonly SqsRecord[], deadline: Deadline): Promise<void> => {
  const hide = async (record: SqsRecord): Promise<void> => {
    if (deadline.left() > THROW_MARGIN) await queue.hideFor(record, pauseSeconds(record), deadline.left)
  }
  await inTurn(
    records.map((record) => ({ chains: [], run: () => hide(record) })),
    AT_ONCE,
  )
}
