import type { SqsEvent, SqsRecord } from '../../lib/sqs/index.ts'
import { STANDARD } from './sqs.ts'

interface Queued {
  readonly messageId: string
  readonly body: string
  /** How many acknowledgements the queue needs before it deletes the message. */
  readonly times: number
  receiveCount: number
  acknowledged: number
  visibleAt: number
}

/** A standard queue at its worst: it redelivers acknowledged messages, and delivers one to two consumers at once. */
export interface TestQueue {
  receive(size: number): SqsEvent
  /** Processes a batch's answer as an event source mapping does. */
  answered(event: SqsEvent, failures: readonly string[]): void
  hide(receiptHandle: string, seconds: number): void
  readonly left: () => number
  readonly deliveries: () => number
}

export const testQueue = (bodies: readonly string[], visibilityMillis: number, random: () => number): TestQueue => {
  const messages = new Map<string, Queued>(
    bodies.map((body, index) => [
      `m-${index}`,
      {
        messageId: `m-${index}`,
        body,
        times: 1 + Math.floor(random() * 4),
        receiveCount: 0,
        acknowledged: 0,
        visibleAt: 0,
      },
    ]),
  )
  let deliveries = 0

  const handOut = (message: Queued): SqsRecord => {
    deliveries++
    message.receiveCount++
    const isDoubled = message.receiveCount < message.times && random() < 0.3
    message.visibleAt = isDoubled ? Date.now() : Date.now() + visibilityMillis
    return {
      messageId: message.messageId,
      receiptHandle: message.messageId,
      body: message.body,
      attributes: { ApproximateReceiveCount: String(message.receiveCount) },
      messageAttributes: {},
      eventSourceARN: STANDARD,
    }
  }

  return {
    receive: (size) => {
      const visible = [...messages.values()].filter(({ visibleAt }) => visibleAt <= Date.now())
      const from = Math.floor(random() * Math.max(1, visible.length - size))
      return { Records: visible.slice(from, from + size).map(handOut) }
    },
    answered: ({ Records }, failures) => {
      for (const { messageId } of Records) {
        const message = messages.get(messageId)
        if (message === undefined || failures.includes(messageId)) continue
        if (++message.acknowledged >= message.times) messages.delete(messageId)
        else message.visibleAt = Date.now()
      }
    },
    hide: (receiptHandle, seconds) => {
      const message = messages.get(receiptHandle)
      if (message !== undefined) message.visibleAt = Date.now() + seconds * 1_000
    },
    left: () => messages.size,
    deliveries: () => deliveries,
  }
}
