import { aFunction, OptionError } from '../core/option-rules.ts'
import type { SqsOptions } from './options.ts'
import { isSchema, type Parse, parseBody } from './parse.ts'
import type { SqsRecord } from './record.ts'

/** What SNS puts around a message that it delivers to SQS, unless raw message delivery is on. */
export interface SnsEnvelope {
  readonly Type: 'Notification'
  /** The same on each delivery of one publication, to all subscribers; a publisher's second publication has another. */
  readonly MessageId: string
  readonly TopicArn: string
  readonly Message: string
  readonly Subject?: string
}

export type SnsInSqs<TBody> = Required<Pick<SqsOptions<TBody>, 'key' | 'parse' | 'payload'>>

/**
 * The options for a queue that is subscribed to an SNS topic, to be spread into those of `sqsHandler`: the key is the SNS
 * message id, the body is what was published, made of its text by `parse` as in `sqsHandler`, and the fingerprint covers
 * that text alone. A message without the envelope (raw message delivery) fails alone.
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
    payload: ({ record }) => envelopeOf(record).Message,
  }
}

const envelopeOf = ({ body }: SqsRecord): SnsEnvelope => {
  const envelope: Partial<SnsEnvelope> | null = JSON.parse(body)
  if (envelope?.Type === 'Notification' && isText(envelope.MessageId) && isText(envelope.Message)) {
    return envelope as SnsEnvelope
  }
  throw new TypeError('The body is not a notification of SNS; is raw message delivery on?')
}

const isText = (value: unknown): boolean => typeof value === 'string'
