import { isObject } from '../../core/option-rules.ts'
import type { Item } from '../item.ts'
import type { Answer } from './http-request.ts'
import { itemFromWire, parseJson } from './wire.ts'

/** An error that DynamoDB answered, in the shape of the AWS SDK's errors. */
export class ServiceError extends Error {
  override readonly name: string
  readonly $metadata: { readonly httpStatusCode: number; readonly attempts: number; readonly requestId?: string }
  readonly $response: Pick<Answer, 'headers'>
  /** The stored item, if a condition did not hold. */
  readonly Item?: Item
  /** Why a transaction was cancelled: one entry for each of its items. */
  readonly CancellationReasons?: readonly object[]

  constructor({ status, headers, body }: Answer, attempts: number) {
    const parsed = parseJson(body)
    // A proxy may answer in another form, such as an HTML page for a 502.
    const reply: ErrorReply = isObject(parsed) ? parsed : {}
    super(reply.message ?? reply.Message ?? `DynamoDB answered ${status}`)
    const requestId = headers['x-amzn-requestid']
    this.name = nameOf(reply.__type ?? headers['x-amzn-errortype'])
    this.$metadata = { httpStatusCode: status, attempts, ...(requestId === undefined ? {} : { requestId }) }
    this.$response = { headers }
    if (isObject(reply.Item)) this.Item = itemFromWire(reply.Item)
    if (Array.isArray(reply.CancellationReasons)) {
      this.CancellationReasons = reply.CancellationReasons.map((reason) =>
        isObject(reason?.Item) ? { ...reason, Item: itemFromWire(reason.Item) } : reason,
      )
    }
  }
}

interface ErrorReply {
  readonly __type?: string
  /** DynamoDB uses both spellings. */
  readonly message?: string
  readonly Message?: string
  readonly Item?: Parameters<typeof itemFromWire>[0]
  readonly CancellationReasons?: readonly { readonly Item?: Parameters<typeof itemFromWire>[0] }[]
}

/** Takes the bare name from `com.amazonaws.dynamodb.v20120810#ThrottlingException`, also if a colon and a URL follow. */
const nameOf = (type: unknown): string =>
  String(type ?? '')
    .split(':')[0]
    ?.split('#')
    .pop() || 'UnknownError'
