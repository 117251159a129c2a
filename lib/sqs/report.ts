import { unawaited } from '../core/unawaited.ts'
import type { SqsRecord } from './record.ts'
import { UnusableMessageError } from './unusable.ts'

export type OnError = (error: unknown, record: SqsRecord) => void

/**
 * Lambda logs what a handler throws; here it sees message ids only, and a failure that nobody logs is a failure that
 * nobody can mend. Of an unusable message its own line alone: the cause may quote the body.
 */
export const logError: OnError = (error, { messageId }) => {
  if (error instanceof UnusableMessageError) console.error(`lambda-once: ${error.message}`)
  else console.error(`lambda-once: message ${messageId} failed:`, error)
}

/** Reporting must not change what is reported. */
export const report = (onError: OnError, error: unknown, record: SqsRecord): void => {
  try {
    unawaited(onError(error, record))
  } catch {
    // The message goes back to its queue all the same.
  }
}
