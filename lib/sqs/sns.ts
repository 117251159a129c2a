import { aFunction, OptionError } from '../core/option-rules.ts'
import { isNotification, isPointer, publishedText, type SnsEnvelope } from './envelope.ts'
import type { SqsOptions } from './options.ts'
import { isSchema, type Parse, parseBody } from './parse.ts'
import type { SqsRecord } from './record.ts'

export type SnsInSqs<TBody> = Required<Pick<SqsOptions<TBody>, 'key' | 'parse' | 'payload'>>

/**
 * The options for a queue that is subscribed to an SNS topic, to be spread into those of `sqsHandler`: the key is the SNS
 * message id, the body is what was published, made of its text by `parse` as in `sqsHandler`, and the fingerprint covers
 * that text alone, with the carriers' envelopes in it treated as in the option `payload`. A message without the envelope
 * (raw message delivery) fails alone.
 *
 * @example
 * sqsHandler(handler, { store, operation, tenant, ...snsInSqs<Order>() })
 * // A key that survives a second publication too:
 * sqsHandler(handler, { store, operation, tenant, ...snsInSqs<Order>(), key: (order) => order.orderId })
 */
export const snsInSqs = <TBody>(parse?: Parse<TBody>): SnsInSqs<TBody> => {
  if (parse !== undefined && !isSchema(parse) && aFunction(parse) !== undefined) {
    throw new OptionError('snsInSqs(parse)', 'parse', 'must be a function or a Standard Schema validator')
  }
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
