import { unawaited } from '../core/unawaited.ts'
import { UnusableMessageError } from './errors.ts'

/** Receives an error, and the message that it is about. */
export type OnError<TRecord> = (error: unknown, record: TRecord) => void

/**
 * Lambda logs an error that a handler throws, but a batch response contains message ids only. For an unusable message
 * only the error's own text is logged: its cause may quote the body.
 */
const logError = (error: unknown, messageId: string): void => {
  if (error instanceof UnusableMessageError) console.error(`lambda-once: ${error.message}`)
  else console.error(`lambda-once: message ${messageId} failed:`, error)
}

/** Calls `onError`, and ignores its errors: they must not change the result of the message. */
export const createReport =
  <TRecord>(idOf: (record: TRecord) => string, onError: OnError<TRecord> | undefined): OnError<TRecord> =>
  (error, record) => {
    try {
      unawaited(onError === undefined ? logError(error, idOf(record)) : onError(error, record))
    } catch {
      // The message is returned to its source in any case.
    }
  }
