import { Duration, Token } from 'aws-cdk-lib'
import { TIMEOUTS_PER_VISIBILITY } from '../core/limits.ts'
import { seconds } from './numbers.ts'

/** SQS's upper bound. */
export const LONGEST_MESSAGE_RETENTION: Duration = Duration.days(14)

export const leastVisibilitySeconds = (timeout: Duration, batchWindow: Duration): number =>
  timeout.toSeconds() * TIMEOUTS_PER_VISIBILITY + batchWindow.toSeconds()

export const visibilityCoversRuns = (
  visibility: Duration,
  timeout: Duration | undefined,
  batchWindow: Duration,
): string | undefined => {
  if (timeout === undefined) return undefined
  const least = leastVisibilitySeconds(timeout, batchWindow)
  return visibility.toSeconds() < least
    ? `visibilityTimeout is ${seconds(visibility)}, and the worker's timeout of ${seconds(timeout)} with a batch window ` +
        `of ${seconds(batchWindow)} needs ${least} s: it must be at least ${TIMEOUTS_PER_VISIBILITY} x timeout + batch window`
    : undefined
}

export const recordsOutliveMessages = (
  recordRetention: Duration,
  messages: Duration,
  where: 'messageRetention' | 'deadLetterRetention' | 'maxRecordAge',
): string | undefined =>
  recordRetention.toSeconds() < messages.toSeconds()
    ? `the worker's record retention is ${seconds(recordRetention)}, and ${where} is ${seconds(messages)}: ` +
      'a record must live at least as long as a message, or its last redelivery runs again'
    : undefined

/**
 * On a standard queue a message keeps its age when it moves ("Setting-up dead-letter queue retention in Amazon SQS", in
 * the SQS developer guide). A message older than `deadLetterRetention` would be deleted at once, before anyone sees it.
 */
export const deadLettersOutliveMessages = (deadLetters: Duration, messages: Duration): string | undefined =>
  deadLetters.toSeconds() < messages.toSeconds()
    ? `deadLetterRetention is ${seconds(deadLetters)}, and messageRetention is ${seconds(messages)}: on a standard queue ` +
      'it must be at least as long, since a message keeps its age when it moves'
    : undefined

export const poisonIsFoundFirst = (maxRuns: number, maxReceiveCount: number): string | undefined =>
  maxRuns >= maxReceiveCount
    ? `maxRuns is ${maxRuns}, and maxReceiveCount is ${maxReceiveCount}: maxRuns must be less, or SQS moves the message ` +
      'to the dead-letter queue before the layer can add the reason'
    : undefined

export const isCount = (name: 'maxRuns' | 'maxReceiveCount', value: number, most: number): string | undefined =>
  Token.isUnresolved(value) || (Number.isInteger(value) && value >= 1 && value <= most)
    ? undefined
    : `${name} is ${value}; it must be an integer from 1 to ${most}`

export const deduplicatesOnFifoOnly = (contentBasedDeduplication: boolean | undefined): string | undefined =>
  contentBasedDeduplication === true
    ? 'contentBasedDeduplication is true, and fifo is not: only a FIFO queue can deduplicate messages'
    : undefined
