import { IdempotencyError } from '../core/errors.ts'
import { isObject } from '../core/option-rules.ts'

/**
 * With a tumbling window Lambda takes an answer without `state` for a failure, and these handlers keep none. Throws
 * {@link IdempotencyError} `event-unsupported`.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-windows.html
 */
export const refuseWindow = (entry: string, event: unknown): void => {
  if (!isObject(event) || !('window' in event)) return
  const rule = `${entry} keeps no state for a tumbling window; remove the window from the event source mapping`
  throw new IdempotencyError('event-unsupported', rule)
}
