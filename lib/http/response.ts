import { isStream, type Outcome, outcomeOf, unavailable } from '../core/outcome.ts'
import type { EventKind } from './event.ts'
import { type HeaderFilter, keptHeaders } from './replay-headers.ts'

/** An answer as API Gateway and ALB take it, as far as this layer makes one. */
export interface HttpResponse {
  statusCode: number
  headers?: Record<string, string>
  multiValueHeaders?: Record<string, string[]>
  body: string
}

/** How the answer stands in the store, as the caller is told in `Idempotency-Status`. */
export type IdempotencyStatus = 'created' | 'replayed' | 'released' | 'abandoned' | 'unstored' | 'unprotected' | 'none'

export const STATUS_HEADER = 'Idempotency-Status'
export const REPLAYED_HEADER = 'Idempotent-Replayed'

/** A handler's result, as it is answered and as it is stored. */
export interface Captured {
  /** What goes to the caller: the handler's own result, or what API Gateway would have made of it. */
  readonly result: unknown
  /** `undefined` where the result has none: then it is answered and replayed as it is, without our headers. */
  readonly statusCode: number | undefined
  readonly outcome: Outcome
}

type Fields = Readonly<Record<string, unknown>>

/** The members of an answer that are kept; `statusDescription` is ALB's. */
const KEPT = ['statusCode', 'statusDescription', 'body', 'isBase64Encoded'] as const

/** Never throws: the effect is done, and what a getter of the result does must not make it a failure. */
export const capture = (returned: unknown, kind: EventKind, filter: HeaderFilter): Captured => {
  try {
    return read(returned, kind, filter)
  } catch {
    return { result: returned, statusCode: undefined, outcome: unavailable('not-json') }
  }
}

const read = (returned: unknown, kind: EventKind, filter: HeaderFilter): Captured => {
  const given = asSent(returned)
  const result = isAnswer(given) || isStream(given) || !infersAnswers(kind) ? given : inferred(given)
  if (isStream(result)) return { result, statusCode: undefined, outcome: unavailable('streamed') }
  if (!isAnswer(result)) return { result, statusCode: undefined, outcome: outcomeOf({ result }) }
  const statusCode = Number(result.statusCode)
  const outcome = outcomeOfAnswer(result, filter)
  return { result: { ...snapshot(result), ...keptBody(result.body, outcome) }, statusCode, outcome }
}

const outcomeOfAnswer = (answer: Fields, filter: HeaderFilter): Outcome => {
  if (isStream(answer.body)) return unavailable('streamed')
  // A serializer outside takes bytes as they are; JSON has none.
  return answer.body instanceof Uint8Array ? unavailable('not-json') : outcomeOf({ answer: envelope(answer, filter) })
}

/** A body that is no text yet reaches a serializer outside as JSON keeps it: as a replay will. */
const keptBody = (body: unknown, outcome: Outcome): Fields =>
  isFields(body) && outcome.kind === 'json' ? { body: JSON.parse(outcome.text).answer.body } : {}

/**
 * The answer leaves after its outcome is stored. A handler that uses its object again by then, for another request of the
 * same process, must not give this caller that one's answer.
 */
const snapshot = (answer: Fields): Fields => {
  const copy: Record<string, unknown> = { ...answer }
  for (const name of ['headers', 'multiValueHeaders', 'cookies']) if (name in copy) copy[name] = copied(copy[name])
  return copy
}

/** A list, or a map whose members may be lists. */
const copied = (value: unknown): unknown => {
  if (Array.isArray(value)) return [...value]
  if (!isFields(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, lines]) => [name, Array.isArray(lines) ? [...lines] : lines]),
  )
}

/**
 * What Lambda would send of an instance of a class: what its `toJSON` says, or its own members. Copying it to add a
 * header would lose both.
 */
const asSent = (returned: unknown): unknown => {
  if (!isFields(returned) || isPlain(returned) || isStream(returned) || isStream(returned.body)) return returned
  const outcome = outcomeOf(returned)
  return outcome.kind === 'json' ? JSON.parse(outcome.text) : returned
}

const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value)
  const isBare = prototype === null || Array.isArray(value) || Object.getPrototypeOf(prototype) === null
  return isBare && typeof (value as { toJSON?: unknown }).toJSON !== 'function'
}

/** The result with the answer's standing told in its headers; the handler's own object stays as it is. */
export const withStatus = ({ result, statusCode }: Captured, status: IdempotencyStatus, kind: EventKind): unknown =>
  statusCode === undefined ? result : withHeaders(result as Fields, { [STATUS_HEADER]: status }, kind)

/** The stored answer, marked as a replay; `undefined` where what is stored is no answer of this layer. */
export const replayed = (stored: unknown, kind: EventKind): { readonly result: unknown } | undefined => {
  if (!isFields(stored)) return undefined
  if (!Object.hasOwn(stored, 'answer')) return { result: stored.result }
  const { answer } = stored
  if (!isAnswer(answer) || !Number.isInteger(Number(answer.statusCode))) return undefined
  return { result: withHeaders(answer, { [REPLAYED_HEADER]: 'true', [STATUS_HEADER]: 'replayed' }, kind) }
}

/** An ALB with multi-value headers turned on looks at nothing else. */
export const withHeaders = <T extends object>(
  response: T,
  headers: Readonly<Record<string, string>>,
  kind: EventKind,
): T & Pick<HttpResponse, 'headers' | 'multiValueHeaders'> => {
  const { headers: givenHeaders, multiValueHeaders: givenMulti } = response as Partial<HttpResponse>
  const ours = new Set(Object.keys(headers).map((name) => name.toLowerCase()))
  const [single, multi] = [without(ours, givenHeaders), without(ours, givenMulti)]
  const cleared = Object.assign({ ...response }, ifGiven('headers', single), ifGiven('multiValueHeaders', multi))
  if (kind !== 'alb-multi-value') return { ...cleared, headers: { ...single, ...headers } }
  const lines = Object.entries(headers).map(([name, value]) => [name, [value]])
  return { ...cleared, multiValueHeaders: { ...multi, ...Object.fromEntries(lines) } }
}

/** A header of the same name in any case, such as one that the handler passes on, would be a second line of ours. */
const without = <T extends object>(ours: ReadonlySet<string>, map: T | undefined): T | undefined => {
  if (!isFields(map)) return map
  return Object.fromEntries(Object.entries(map).filter(([name]) => !ours.has(name.toLowerCase()))) as T
}

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null

const isAnswer = (value: unknown): value is Fields => isFields(value) && value.statusCode !== undefined

const infersAnswers = (kind: EventKind): boolean => kind === 'http-api' || kind === 'function-url'

/**
 * What API Gateway makes of a payload-2.0 result without a status: 200, JSON, the result as the body. It is written
 * out here, so that the first answer and its replay are the same. From "Working with AWS Lambda proxy integrations for
 * HTTP APIs", Lambda function response for format 2.0.
 */
const inferred = (result: unknown): unknown => {
  const body = typeof result === 'string' ? result : jsonOrUndefined(result)
  if (body === undefined) return result // Lambda itself cannot send it either
  return { statusCode: 200, headers: { 'content-type': 'application/json' }, body, isBase64Encoded: false }
}

const jsonOrUndefined = (value: unknown): string | undefined => {
  const outcome = outcomeOf(value ?? null)
  return outcome.kind === 'json' ? outcome.text : undefined
}

const envelope = (answer: Fields, filter: HeaderFilter): Fields => {
  const kept: Record<string, unknown> = {}
  for (const name of KEPT) if (answer[name] !== undefined) kept[name] = answer[name]
  return Object.assign(
    kept,
    ifGiven('headers', keptHeaders(answer.headers, filter)),
    ifGiven('multiValueHeaders', keptHeaders(answer.multiValueHeaders, filter)),
    // Cookies are the Set-Cookie header of payload 2.0.
    ifGiven('cookies', filter('set-cookie') ? answer.cookies : undefined),
  )
}

const ifGiven = (name: string, value: unknown): Fields => (value === undefined ? {} : { [name]: value })
