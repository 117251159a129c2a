import { unawaited } from '../core/unawaited.ts'
import { UnusableMessageError } from './errors.ts'
import type { SqsRecord } from './record.ts'

/** Receives an error, and the message that it is about. */
export type OnError = (error: unknown, record: SqsRecord) => void

/**
 * Lambda logs an error that a handler throws, but a batch response contains message ids only. For an unusable message
 * only the error's own text is logged: its cause may quote the body.
 */
const logError: OnError = (error, { messageId }) => {
  if (error instanceof UnusableMessageError) console.error(`lambda-once: ${error.message}`)
  else console.error(`lambda-once: message ${messageId} failed:`, error)
}

/** Calls `onError`, and ignores its errors: they must not change the result of the message. */
export const createReport =
  (onError: OnError = logError): OnError =>
  (error, record) => {
    try {
      unawaited(onError(error, record))
    } catch {
      // The message is returned to its queue in any case.
    }
  }
