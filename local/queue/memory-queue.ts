import { randomUUID } from 'node:crypto'

/** A message as a consumer receives it. */
export interface Received {
  readonly messageId: string
  /** Valid until the next receive of this message. */
  readonly receiptHandle: string
  readonly body: string
  /** Includes this receive. */
  readonly receiveCount: number
  /** Epoch milliseconds. */
  readonly sentAt: number
  readonly firstReceivedAt: number
}

export interface DeadLetter {
  readonly body: string
  readonly reason: string
}

export interface MemoryQueueOptions {
  readonly visibilitySeconds: number
  /** A message that is visible again after this many receives becomes a dead letter. */
  readonly maxReceiveCount: number
  /** Returns why a message with this body became a dead letter. Must not reject. */
  readonly reasonOf: (body: string) => Promise<string>
  /** Epoch milliseconds. */
  readonly now: () => number
}

/** A standard queue with its dead-letter queue, in the memory of this process. */
export interface MemoryQueue {
  /** Returns the id of the new message. */
  send(body: string): string
  receive(most: number): readonly Received[]
  /** Does nothing if the receipt handle is no longer valid: another consumer has received the message. */
  remove(receiptHandle: string): void
  /** Makes the message visible that many seconds from now. Returns `false` if the receipt handle is no longer valid. */
  delayFor(receiptHandle: string, seconds: number): boolean
  count(): { readonly visible: number; readonly inFlight: number }
  deadLetters(): Promise<readonly DeadLetter[]>
}

interface Kept {
  readonly messageId: string
  readonly body: string
  readonly sentAt: number
  visibleAt: number
  received: Received | undefined
}

export const memoryQueue = ({ visibilitySeconds, maxReceiveCount, reasonOf, now }: MemoryQueueOptions): MemoryQueue => {
  const kept = new Map<string, Kept>()
  const dead: Promise<DeadLetter>[] = []

  const isVisible = ({ visibleAt }: Kept): boolean => visibleAt <= now()

  const handOut = (message: Kept): Received => {
    const { messageId, body, sentAt, received } = message
    const receiveCount = (received?.receiveCount ?? 0) + 1
    const firstReceivedAt = received?.firstReceivedAt ?? now()
    const receiptHandle = `${messageId}:${receiveCount}`
    message.received = { messageId, receiptHandle, body, receiveCount, sentAt, firstReceivedAt }
    message.visibleAt = now() + visibilitySeconds * 1_000
    return message.received
  }

  const moveToDeadLetters = ({ messageId, body }: Kept): void => {
    kept.delete(messageId)
    dead.push(reasonOf(body).then((reason) => ({ body, reason })))
  }

  const heldBy = (receiptHandle: string): Kept | undefined => {
    const message = kept.get(receiptHandle.split(':')[0] ?? '')
    return message?.received?.receiptHandle === receiptHandle ? message : undefined
  }

  return {
    send: (body) => {
      const messageId = randomUUID()
      kept.set(messageId, { messageId, body, sentAt: now(), visibleAt: now(), received: undefined })
      return messageId
    },

    receive: (most) => {
      const handedOut: Received[] = []
      for (const message of kept.values()) {
        if (handedOut.length === most) break
        if (!isVisible(message)) continue
        if ((message.received?.receiveCount ?? 0) < maxReceiveCount) handedOut.push(handOut(message))
        else moveToDeadLetters(message)
      }
      return handedOut
    },

    remove: (receiptHandle) => {
      const message = heldBy(receiptHandle)
      if (message !== undefined) kept.delete(message.messageId)
    },

    delayFor: (receiptHandle, seconds) => {
      const message = heldBy(receiptHandle)
      if (message === undefined || isVisible(message)) return false
      message.visibleAt = now() + seconds * 1_000
      return true
    },

    count: () => {
      const visible = [...kept.values()].filter(isVisible).length
      return { visible, inFlight: kept.size - visible }
    },

    deadLetters: () => Promise.all(dead),
  }
}
