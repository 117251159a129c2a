import { randomUUID } from 'node:crypto'

/** A message as it was handed out. */
export interface Received {
  readonly messageId: string
  /** Of this receive: the next one makes it void. */
  readonly receiptHandle: string
  readonly body: string
  /** This time included. */
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
  /** A message that was handed out so often and is visible again is a dead letter. */
  readonly maxReceiveCount: number
  /** Why a body became a dead letter. Must not reject. */
  readonly reasonOf: (body: string) => Promise<string>
  /** Epoch milliseconds. */
  readonly now: () => number
}

/** A standard queue with its dead-letter queue. Gone with this process. */
export interface MemoryQueue {
  /** Answers the new message's id. */
  send(body: string): string
  receive(most: number): readonly Received[]
  /** Nothing where the receipt handle is void: somebody else has the message by now. */
  remove(receiptHandle: string): void
  /** Visible again that many seconds from now; `false` where the message is not this receiver's any more. */
  hideFor(receiptHandle: string, seconds: number): boolean
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

  const bury = ({ messageId, body }: Kept): void => {
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
        else bury(message)
      }
      return handedOut
    },

    remove: (receiptHandle) => {
      const message = heldBy(receiptHandle)
      if (message !== undefined) kept.delete(message.messageId)
    },

    hideFor: (receiptHandle, seconds) => {
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
