import { isObject } from '../core/option-rules.ts'
import { decodeOutcome } from '../core/outcome/outcome.ts'
import { replayedError } from '../core/outcome/outcome-policy.ts'
import type { SettledRecord } from '../core/record/record.ts'
import { inForm, isAnswer } from '../http/answer-form.ts'
import { captureResult, type Exchange } from '../http/exchange.ts'
import { takeMark } from '../http/mark.ts'
import { replayed } from '../http/response.ts'

/** Senders read the status only, so a handler need not answer anything. */
export const answerOrOk = (returned: unknown): unknown =>
  isAnswer(returned) ? returned : { statusCode: 200, body: '' }

export const captureOrOk = <TEvent>(
  exchange: Exchange<TEvent>,
  returned: unknown,
): ReturnType<typeof captureResult> => {
  const captured = captureResult(exchange, answerOrOk(returned))
  return { ...captured, mark: captured.mark ?? takeMark(returned) }
}

/**
 * The first answer. A record that keeps none, such as one of a queue's consumer, still says that the event was handled: a
 * sender that gets anything but a 2xx delivers it again.
 */
export const replayOrOk = <TEvent>({ recipient }: Exchange<TEvent>, record: SettledRecord): unknown => {
  const outcome = decodeOutcome(record.outcome)
  if (outcome.kind === 'error') throw replayedError(outcome.error)
  const isHttp = outcome.kind === 'json' && isObject(outcome.value) && Object.hasOwn(outcome.value, 'answer')
  const stored = isHttp ? replayed(outcome.value, recipient) : undefined
  return stored === undefined ? inForm({ statusCode: 200, body: '' }, REPLAYED, recipient) : stored.result
}

const REPLAYED = { 'Idempotent-Replayed': 'true', 'Idempotency-Status': 'replayed' }
