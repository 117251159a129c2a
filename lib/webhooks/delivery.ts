import { IdempotencyError } from '../core/errors.ts'
import { isObject } from '../core/option-rules.ts'
import { type HttpRequest, type RequestBody, readEvent } from '../http/event.ts'
import { isMap } from '../http/headers.ts'
import { mayBeJson } from '../http/media-type.ts'

/** One HTTP request of the sender, before its signature is checked. */
export interface ReceivedDelivery {
  /** Names are in lower case. Several lines of one name are joined by `, `. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** The body as the sender sent it. Base64 is decoded, and nothing is parsed or written again. */
  readonly bytes: Uint8Array
  /** The bytes as UTF-8 text. */
  readonly body: string
  readonly pathParameters: Readonly<Record<string, string | undefined>>
}

/** A delivery whose signature is right. */
export interface VerifiedDelivery<TEvent = unknown> extends ReceivedDelivery {
  /** The name of the provider. */
  readonly provider: string
  /** The parsed body: JSON, or the fields of a form. `undefined` if it is neither. */
  readonly event: TEvent
}

/** What your handler gets. */
export interface WebhookDelivery<TEvent = unknown> extends VerifiedDelivery<TEvent> {
  /** The idempotency key: the sender's id of the event, or what your option `key` answered. */
  readonly id: string
}

/** A delivery, and the request that it came in. */
export interface Received {
  readonly request: HttpRequest
  readonly delivery: ReceivedDelivery
}

/** Throws {@link IdempotencyError} `event-unsupported` if it is no HTTP event, or if its body was parsed before. */
export const receive = (event: unknown): Received => {
  const request = readEvent(event)
  const { pathParameters } = request
  const bytes = bytesOf(request.body)
  return { request, delivery: { headers: headersOf(event, request), bytes, body: textOf(bytes), pathParameters } }
}

export const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8')

/** The signature tells whether these are the sender's bytes, so a text that is no Base64 counts as it is. */
const bytesOf = (body: RequestBody): Uint8Array => {
  const content = body.kind === 'raw' ? (body.body ?? '') : body.value
  if (content instanceof Uint8Array) return content
  if (typeof content === 'string') return Buffer.from(content)
  throw new IdempotencyError(
    'event-unsupported',
    'The body was parsed before the signature was checked: no body parser may run before webhook',
  )
}

const headersOf = (event: unknown, { headerLines }: HttpRequest): ReceivedDelivery['headers'] => {
  const { headers, multiValueHeaders } = isObject(event) ? event : {}
  const names = [headers, multiValueHeaders].filter(isMap).flatMap(Object.keys)
  const lowerCase = new Set(names.map((name) => name.toLowerCase()))
  return Object.fromEntries([...lowerCase].map((name) => [name, headerLines(name).join(', ')]))
}

/** `name` in any case. */
export const headerOf = ({ headers }: Pick<ReceivedDelivery, 'headers'>, name: string): string | undefined =>
  headers[name.toLowerCase()]

/** The body of a delivery, parsed by its `Content-Type`. */
export const eventOf = ({ headers, body }: Pick<ReceivedDelivery, 'headers' | 'body'>): unknown => {
  const type = headers['content-type'] ?? ''
  if (/^\s*application\/x-www-form-urlencoded\b/i.test(type)) return Object.fromEntries(new URLSearchParams(body))
  if (!mayBeJson([type])) return undefined
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}
