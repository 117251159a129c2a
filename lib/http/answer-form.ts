import { isObject } from '../core/option-rules.ts'
import type { Cors } from './cors.ts'
import type { EventKind } from './event.ts'
import {
  type Fields,
  type Headers,
  headersIn,
  headersOf,
  isList,
  isNamed,
  joined,
  lineOf,
  linesNamed,
  linesOf,
  listed,
  without,
} from './headers.ts'

/** What the form of an answer depends on: the front that sent the event, and the script that may read the answer. */
export interface Recipient {
  readonly kind: EventKind
  /** The request's header `Origin`. */
  readonly origin: string | undefined
  /** The option `cors`. */
  readonly cors: Cors | undefined
}

export const isAnswer = (value: unknown): value is Fields => isObject(value) && value.statusCode !== undefined

/** Only payload 2.0 has a list of cookies. Elsewhere they are headers. */
const withCookies = (headers: Headers, cookies: readonly string[]): Headers => {
  if (cookies.length === 0) return headers
  const all: Headers = [['Set-Cookie', [...linesNamed(headers, 'set-cookie'), ...cookies]]]
  return [...without(headers, all), ...all]
}

/** Cookies cannot be joined: each has its own line. */
const payload20 = (headers: Headers, cookies: readonly string[]): Fields => {
  const lists = headers.filter((header) => isList(header) && isNamed(header, 'set-cookie'))
  const all = [...lists.flatMap(linesOf), ...cookies]
  return { headers: joined(without(headers, lists)), ...(all.length > 0 && { cookies: all }) }
}

const payload10 = (headers: Headers, cookies: readonly string[]): Fields => {
  const all = withCookies(headers, cookies)
  const lists = all.filter(isList)
  return { headers: joined(without(all, lists)), ...(lists.length > 0 && { multiValueHeaders: listed(lists) }) }
}

/** Without multi-value headers a load balancer can set one cookie. VPC Lattice has one line for each header, too. */
const singleLines = (headers: Headers, cookies: readonly string[]): Fields => ({
  headers: joined(
    withCookies(headers, cookies).map((header) =>
      isNamed(header, 'set-cookie') ? [header[0], linesOf(header).slice(-1)] : header,
    ),
  ),
})

/**
 * From "Create AWS Lambda proxy integrations for HTTP APIs in API Gateway" (a function URL takes the same), "Lambda proxy
 * integrations in API Gateway", "Use Lambda functions as targets of an Application Load Balancer", and "Lambda functions as
 * targets in VPC Lattice".
 */
const FORMS: Readonly<Record<EventKind, (headers: Headers, cookies: readonly string[]) => Fields>> = {
  'http-api': payload20,
  'function-url': payload20,
  'rest-api': payload10,
  alb: singleLines,
  'alb-multi-value': (headers, cookies) => ({ multiValueHeaders: listed(withCookies(headers, cookies)) }),
  lattice: singleLines,
}

/** The fronts that require `isBase64Encoded` in each answer, and take a `statusDescription`. */
const REQUIRES_ENCODING = /^(alb|lattice)/

/**
 * The answer with the layer's headers, in the form that its front takes, whatever form the handler wrote it in. A front
 * drops what it does not take, or rejects the whole answer.
 */
export const inForm = (
  answer: Fields,
  ours: Readonly<Record<string, string>>,
  { kind, origin, cors }: Recipient,
): Fields => {
  const { headers, multiValueHeaders, cookies, statusDescription, ...rest } = answer
  const own = headersIn(ours, true)
  // A header of the same name in any case, such as one that the handler passes on, would be a second line of ours.
  const all = [...without(headersOf(answer), own), ...own]
  const given = Array.isArray(cookies) ? cookies.map(lineOf) : []
  const form = { ...rest, ...FORMS[kind](cors?.addTo(all, origin) ?? all, given) }
  if (!REQUIRES_ENCODING.test(kind)) return form
  const { isBase64Encoded = false } = rest
  return { ...form, isBase64Encoded, ...(statusDescription !== undefined && { statusDescription }) }
}
