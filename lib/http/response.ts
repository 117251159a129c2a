import { isObject } from '../core/option-rules.ts'
import { isStream, type Outcome, outcomeOf, unavailable } from '../core/outcome/outcome.ts'
import { inForm, isAnswer, type Recipient } from './answer-form.ts'
import type { EventKind } from './event.ts'
import { type Fields, isMap } from './headers.ts'
import { type HeaderFilter, keptHeaders, withoutCorsOfOthers } from './replay-headers.ts'

/** An answer as API Gateway and ALB take it, as far as this layer makes one. */
export interface HttpResponse {
  statusCode: number
  headers?: Record<string, string>
  multiValueHeaders?: Record<string, string[]>
  body: string
}

/** How the answer is stored, as `Idempotency-Status` tells the client. */
export type IdempotencyStatus = 'created' | 'replayed' | 'released' | 'abandoned' | 'unstored' | 'unprotected' | 'none'

const STATUS_HEADER = 'Idempotency-Status'

/** A handler's result, as it is answered and as it is stored. */
export interface CapturedAnswer {
  /** What goes to the client: the handler's own result, or what API Gateway would have made of it. */
  readonly result: unknown
  /** `undefined` if the result has none. Then it is answered and replayed as it is, without the layer's headers. */
  readonly statusCode: number | undefined
  readonly outcome: Outcome
}

const withoutStatus = (result: unknown, outcome: Outcome): CapturedAnswer => ({
  result,
  statusCode: undefined,
  outcome,
})

/** What a replay will read of the outcome, if JSON can hold it. */
export const asReplayed = <T>(outcome: Outcome, otherwise: T): T =>
  outcome.kind === 'json' ? (JSON.parse(outcome.text) as T) : otherwise

/** Never throws: the effect is done, and a getter of the result that throws must not make it a failure. */
export const capture = (returned: unknown, kind: EventKind, filter: HeaderFilter): CapturedAnswer => {
  try {
    return read(returned, kind, filter)
  } catch {
    return withoutStatus(returned, unavailable('not-json'))
  }
}

/**
 * Reads each member once, and answers what it read. So the stored answer equals the given one, even if the result has
 * getters, or the handler uses its object again for another request.
 */
const read = (returned: unknown, kind: EventKind, filter: HeaderFilter): CapturedAnswer => {
  const sent = asSent(returned)
  if (isStream(sent)) return withoutStatus(sent, unavailable('streamed'))
  const result = explicit(isMap(sent) ? { ...sent } : sent, kind)
  if (isAnswer(result)) return readAnswer(result, filter)
  const outcome = outcomeOf({ result })
  return withoutStatus(asReplayed(outcome, { result: returned }).result, outcome)
}

/** Leaves out headers that JSON cannot hold: no front would send them. */
const readAnswer = (taken: Fields, filter: HeaderFilter): CapturedAnswer => {
  const statusCode = Number(taken.statusCode)
  const { headers, multiValueHeaders, cookies, ...rest } = taken
  const answer: Fields = { ...rest, ...asReplayed(outcomeOf({ headers, multiValueHeaders, cookies }), {}) }
  const outcome = outcomeOfAnswer(answer, filter)
  return { result: { ...answer, ...keptBody(answer, outcome) }, statusCode, outcome }
}

const outcomeOfAnswer = (answer: Fields, filter: HeaderFilter): Outcome => {
  if (isStream(answer.body)) return unavailable('streamed')
  // A serializer outside takes bytes as they are; JSON has none.
  return answer.body instanceof Uint8Array ? unavailable('not-json') : outcomeOf({ answer: envelope(answer, filter) })
}

/** A body that is not a text yet reaches a serializer outside as JSON keeps it, as a replay will. */
const keptBody = ({ body }: Fields, outcome: Outcome): Fields =>
  isObject(body) ? { body: asReplayed(outcome, { answer: { body } }).answer.body } : {}

/**
 * What Lambda would send for an instance of a class: the result of its `toJSON`, or its own members. A copy with one more
 * header would lose both.
 */
const asSent = (returned: unknown): unknown =>
  !isObject(returned) || isPlain(returned) || isStream(returned) || isStream(returned.body)
    ? returned
    : asReplayed(outcomeOf(returned), returned)

const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value)
  const isBare = prototype === null || Array.isArray(value) || Object.getPrototypeOf(prototype) === null
  return isBare && typeof (value as { toJSON?: unknown }).toJSON !== 'function'
}

/** The result with `Idempotency-Status` in its headers. The handler's own object is not changed. */
export const withStatus = (
  { result, statusCode }: CapturedAnswer,
  status: IdempotencyStatus,
  recipient: Recipient,
): unknown => (statusCode === undefined ? result : inForm(result as Fields, { [STATUS_HEADER]: status }, recipient))

/** The stored answer, marked as a replay; `undefined` if what is stored is no answer of this layer. */
export const replayed = (stored: unknown, recipient: Recipient): { readonly result: unknown } | undefined => {
  if (!isObject(stored)) return undefined
  const isStoredAnswer = Object.hasOwn(stored, 'answer')
  const answer = isStoredAnswer ? stored.answer : explicit(stored.result, recipient.kind)
  if (!isAnswer(answer)) return isStoredAnswer ? undefined : { result: answer }
  if (!Number.isInteger(Number(answer.statusCode))) return undefined
  const headers = { 'Idempotent-Replayed': 'true', [STATUS_HEADER]: 'replayed' }
  return { result: inForm(withoutCorsOfOthers(answer, recipient), headers, recipient) }
}

/**
 * What API Gateway makes of a payload-2.0 result without a status: 200, JSON, the result as the body. The layer writes it
 * out, so the first answer and its replay are the same. From "Working with AWS Lambda proxy integrations for HTTP APIs",
 * Lambda function response for format 2.0.
 */
const explicit = (result: unknown, kind: EventKind): unknown => {
  if (isAnswer(result) || (kind !== 'http-api' && kind !== 'function-url')) return result
  const outcome: Outcome = typeof result === 'string' ? { kind: 'json', text: result } : outcomeOf(result ?? null)
  if (outcome.kind !== 'json') return result // Lambda itself cannot send it either
  const headers = { 'content-type': 'application/json' }
  return { statusCode: 200, headers, body: outcome.text, isBase64Encoded: false }
}

/** The members of an answer that are kept; `statusDescription` is ALB's. `cookies` is the Set-Cookie of payload 2.0. */
const envelope = (answer: Fields, filter: HeaderFilter): Fields => {
  const { statusCode, statusDescription, body, isBase64Encoded, headers, multiValueHeaders, cookies } = answer
  return {
    statusCode,
    statusDescription,
    body,
    isBase64Encoded,
    headers: keptHeaders(headers, filter),
    multiValueHeaders: keptHeaders(multiValueHeaders, filter),
    cookies: filter('set-cookie') ? cookies : undefined,
  }
}
