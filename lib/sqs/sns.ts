import { isNotification, isPointer, publishedText, type SnsEnvelope } from '../batch/envelope.ts'
import { aParse, parseBody } from '../batch/parse.ts'
import { OptionError } from '../core/option-rules.ts'
import type { Parse, SqsOptions } from './options.ts'
import type { SqsRecord } from './record.ts'

/** The options that {@link snsInSqs} returns. */
export type SnsInSqs<TBody> = Required<Pick<SqsOptions<TBody>, 'key' | 'parse' | 'payload'>>

/**
 * Options for a queue that is subscribed to an SNS topic without raw message delivery. Spread them into the options of
 * `sqsHandler`. The key is the SNS message id. The body is the published message, read by `parse` as in `sqsHandler`.
 * The fingerprint covers the text of the published message, by the rules of the option `payload`. A message without
 * the SNS envelope (raw message delivery) fails alone.
 *
 * Throws `OptionError` if `parse` is neither a function nor a Standard Schema validator.
 *
 * @example
 * sqsHandler(handler, { store, operation, tenant, ...snsInSqs<Order>() })
 * // A key that also survives a second publication:
 * sqsHandler(handler, { store, operation, tenant, ...snsInSqs<Order>(), key: (order) => order.orderId })
 */
export const snsInSqs = <TBody>(parse?: Parse<TBody>): SnsInSqs<TBody> => {
  const problem = parse === undefined ? undefined : aParse(parse)
  if (problem !== undefined) throw new OptionError('snsInSqs(parse)', 'parse', problem)
  return {
    key: (_body, { record }) => envelopeOf(record).MessageId,
    parse: (_text, record) => parseBody(parse, envelopeOf(record).Message, record),
    payload: ({ record, body }) => {
      const { Message } = envelopeOf(record)
      return isPointer(Message) ? body : publishedText(Message)
    },
  }
}

const envelopeOf = ({ body }: SqsRecord): SnsEnvelope => {
  const envelope: unknown = JSON.parse(body)
  if (isNotification(envelope)) return envelope
  throw new TypeError('The body is not a notification of SNS; is raw message delivery on?')
}
