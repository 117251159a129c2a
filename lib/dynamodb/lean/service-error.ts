import { isObject } from '../../core/option-rules.ts'
import type { Item } from '../item.ts'
import type { Answer } from './http-request.ts'
import { itemFromWire } from './wire.ts'

/** A refusal, in the shape of the AWS SDK's errors. */
export class ServiceError extends Error {
  override readonly name: string
  readonly $metadata: { readonly httpStatusCode: number; readonly attempts: number; readonly requestId?: string }
  readonly $response: Pick<Answer, 'headers'>
  /** What stood there, where a condition did not hold. */
  readonly Item?: Item

  constructor({ status, headers, body }: Answer, attempts: number) {
    const reply = readBody(body)
    super(reply.message ?? reply.Message ?? `DynamoDB answered ${status}`)
    const requestId = headers['x-amzn-requestid']
    this.name = nameOf(reply.__type ?? headers['x-amzn-errortype'])
    this.$metadata = { httpStatusCode: status, attempts, ...(requestId === undefined ? {} : { requestId }) }
    this.$response = { headers }
    if (isObject(reply.Item)) this.Item = itemFromWire(reply.Item)
  }
}

interface ErrorReply {
  readonly __type?: string
  /** DynamoDB writes it both ways. */
  readonly message?: string
  readonly Message?: string
  readonly Item?: Parameters<typeof itemFromWire>[0]
}

/** Something in between may answer in another form, such as a page that says 502. */
const readBody = (body: string): ErrorReply => {
  try {
    const reply: unknown = JSON.parse(body)
    return isObject(reply) ? reply : {}
  } catch {
    return {}
  }
}

/** `com.amazonaws.dynamodb.v20120810#ThrottlingException`, or with a URL after a colon: the name alone is kept. */
const nameOf = (type: unknown): string =>
  String(type ?? '')
    .split(':')[0]
    ?.split('#')
    .pop() || 'UnknownError'
