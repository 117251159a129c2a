import { isStream, type Outcome, outcomeOf, unavailable } from '../core/outcome/outcome.ts'
import { type Fields, inForm, isAnswer, isFields, type Recipient, withoutCorsOfOthers } from './answer-form.ts'
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
export interface CapturedAnswer {
  /** What goes to the caller: the handler's own result, or what API Gateway would have made of it. */
  readonly result: unknown
  /** `undefined` where the result has none: then it is answered and replayed as it is, without our headers. */
  readonly statusCode: number | undefined
  readonly outcome: Outcome
}

/** The members of an answer that are kept; `statusDescription` is ALB's. */
const KEPT = ['statusCode', 'statusDescription', 'body', 'isBase64Encoded'] as const

/** Never throws: the effect is done, and what a getter of the result does must not make it a failure. */
export const capture = (returned: unknown, kind: EventKind, filter: HeaderFilter): CapturedAnswer => {
  try {
    return read(returned, kind, filter)
  } catch {
    return { result: returned, statusCode: undefined, outcome: unavailable('not-json') }
  }
}

/**
 * Reads each member once, and answers what it read: a getter, or a handler that uses its object again for another
 * request, must not make the stored answer differ from the given one.
 */
const read = (returned: unknown, kind: EventKind, filter: HeaderFilter): CapturedAnswer => {
  const sent = asSent(returned)
  if (isStream(sent)) return { result: sent, statusCode: undefined, outcome: unavailable('streamed') }
  const taken = isFields(sent) && !Array.isArray(sent) ? { ...sent } : sent
  const result = explicit(taken, kind)
  if (isAnswer(result)) return readAnswer(result, filter)
  const outcome = outcomeOf({ result })
  return {
    result: outcome.kind === 'json' ? JSON.parse(outcome.text).result : returned,
    statusCode: undefined,
    outcome,
  }
}

/** Headers that JSON cannot hold are left out, as those that are no map: no front would send them. */

const readAnswer = (taken: Fields, filter: HeaderFilter): CapturedAnswer => {
  const statusCode = Number(taken.statusCode)
  const { headers, multiValueHeaders, cookies, ...rest } = taken
  const heads = outcomeOf({ headers, multiValueHeaders, cookies })
  const answer: Fields = { ...rest, ...(heads.kind === 'json' && JSON.parse(heads.text)) }
  const outcome = outcomeOfAnswer(answer, filter)
  return { result: { ...answer, ...keptBody(answer.body, outcome) }, statusCode, outcome }
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
export const withStatus = (
  { result, statusCode }: CapturedAnswer,
  status: IdempotencyStatus,
  to: Recipient,
): unknown => (statusCode === undefined ? result : inForm(result as Fields, { [STATUS_HEADER]: status }, to))

/** The stored answer, marked as a replay; `undefined` where what is stored is no answer of this layer. */
export const replayed = (stored: unknown, to: Recipient): { readonly result: unknown } | undefined => {
  if (!isFields(stored)) return undefined
  const isStoredAnswer = Object.hasOwn(stored, 'answer')
  const answer = isStoredAnswer ? stored.answer : explicit(stored.result, to.kind)
  if (!isAnswer(answer)) return isStoredAnswer ? undefined : { result: answer }
  if (!Number.isInteger(Number(answer.statusCode))) return undefined
  return {
    result: inForm(withoutCorsOfOthers(answer, to), { [REPLAYED_HEADER]: 'true', [STATUS_HEADER]: 'replayed' }, to),
  }
}

const infersAnswers = (kind: EventKind): boolean => kind === 'http-api' || kind === 'function-url'

const explicit = (result: unknown, kind: EventKind): unknown =>
  isAnswer(result) || !infersAnswers(kind) ? result : inferred(result)

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
