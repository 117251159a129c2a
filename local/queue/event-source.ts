import type { FunctionPool } from '../functions/function-pool.ts'
import { returnedIds } from './batch-answer.ts'
import { batchEvent, type QueueIdentity } from './batch-event.ts'
import type { MemoryQueue, Received } from './memory-queue.ts'

/** The default of an event source mapping. */
const BATCH_SIZE = 10

/** Lambda starts with as many on a standard queue. */
const MAX_BATCHES = 5

/** A long poll of SQS returns at once when a message arrives; to a person this looks the same. */
const POLL_MILLIS = 50

export interface EventSourceOf {
  readonly queue: MemoryQueue
  readonly identity: QueueIdentity
  readonly worker: Pick<FunctionPool, 'invoke'>
}

export interface EventSource {
  /** After this, no message is delivered or removed. */
  stop(): void
}

/**
 * Does what Lambda's event source mapping does, without a batch window. It delivers visible messages and removes those
 * that the worker does not report as failed. Failed messages become visible again after their visibility timeout.
 */
export const startEventSource = ({ queue, identity, worker }: EventSourceOf): EventSource => {
  let running = 0
  let stopped = false

  const work = async (messages: readonly Received[]): Promise<void> => {
    running += 1
    const invoked = await worker.invoke(batchEvent(messages, identity))
    running -= 1
    if (stopped) return
    const sent = messages.map(({ messageId }) => messageId)
    const returned = new Set(returnedIds(invoked, sent))
    for (const { messageId, receiptHandle } of messages) if (!returned.has(messageId)) queue.remove(receiptHandle)
  }

  const poll = (): void => {
    while (running < MAX_BATCHES) {
      const messages = queue.receive(BATCH_SIZE)
      if (messages.length === 0) return
      void work(messages)
    }
  }

  const timer = setInterval(poll, POLL_MILLIS)
  return {
    stop: () => {
      stopped = true
      clearInterval(timer)
    },
  }
}
