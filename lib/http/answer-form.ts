import type { CorsHeaders } from './cors.ts'
import type { EventKind } from './event.ts'

export type Fields = Readonly<Record<string, unknown>>

/** What an answer has to suit: the front that the event came from, and the script that may read it. */
export interface Recipient {
  readonly kind: EventKind
  /** The request's header `Origin`. */
  readonly origin: string | undefined
  /** What the option `cors` adds for this origin. */
  readonly cors: CorsHeaders
}

export const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null

export const isAnswer = (value: unknown): value is Fields => isFields(value) && value.statusCode !== undefined

/** What headers stand in. No front takes anything else in their place. */
export const isMap = (value: unknown): value is Fields => isFields(value) && !Array.isArray(value)

/** One header. `isSingle`: it stands in `headers`, with one line. */
interface Header {
  readonly name: string
  readonly lines: readonly string[]
  readonly isSingle: boolean
}

type Headers = readonly Header[]

const isNamed = ({ name }: Header, lowerCase: string): boolean => name.toLowerCase() === lowerCase

const linesNamed = (headers: Headers, lowerCase: string): readonly string[] =>
  headers.filter((header) => isNamed(header, lowerCase)).flatMap(({ lines }) => lines)

const without = (headers: Headers, others: Headers): Headers =>
  headers.filter((header) => !others.some(({ name }) => isNamed(header, name.toLowerCase())))

const headersIn = (map: unknown, isSingle: boolean): Headers =>
  Object.entries(isMap(map) ? map : {})
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => ({ name, lines: [value].flat().map(lineOf), isSingle: isSingle && !Array.isArray(value) }))

const lineOf = (value: unknown): string => (typeof value === 'object' ? JSON.stringify(value) : String(value))

/**
 * Where both maps name a header, `multiValueHeaders` counts, as behind a REST API. Two spellings of one name in one map
 * are two lines.
 */
const headersOf = ({ headers, multiValueHeaders }: Fields): Headers => {
  const many = headersIn(multiValueHeaders, false)
  return [...without(headersIn(headers, true), many), ...many]
}

/** An answer that already allows an origin is left alone. */
const withCors = (headers: Headers, cors: CorsHeaders): Headers => {
  if (linesNamed(headers, 'access-control-allow-origin').length > 0) return headers
  const { Vary } = cors
  const varies = (header: Header): Header =>
    Vary !== undefined && isNamed(header, 'vary') && !/\borigin\b|\*/i.test(header.lines.join())
      ? { ...header, lines: [...header.lines, Vary] }
      : header
  return [...headers.map(varies), ...without(headersIn(cors, true), headers)]
}

/** Only payload 2.0 has a list of cookies. Elsewhere they are headers. */
const withCookies = (headers: Headers, cookies: readonly string[]): Headers => {
  if (cookies.length === 0) return headers
  const lines = [...linesNamed(headers, 'set-cookie'), ...cookies]
  const all = { name: 'Set-Cookie', lines, isSingle: false }
  return [...without(headers, [all]), all]
}

/** The lines of one name are one list (RFC 9110, section 5.3). */
const joined = (headers: Headers): Readonly<Record<string, string>> =>
  Object.fromEntries(headers.map(({ name, lines }) => [name, lines.join(', ')]))

/** Every header of an answer, by its name in lower case. */
export const headerTexts = (answer: Fields): Readonly<Record<string, string>> =>
  joined(headersOf(answer).map((header) => ({ ...header, name: header.name.toLowerCase() })))

const listed = (headers: Headers): Fields => Object.fromEntries(headers.map(({ name, lines }) => [name, lines]))

/** Cookies cannot be joined: each has its own line. */
const payload20 = (headers: Headers, cookies: readonly string[]): Fields => {
  const many = headers.filter((header) => !header.isSingle && isNamed(header, 'set-cookie'))
  const all = [...linesNamed(many, 'set-cookie'), ...cookies]
  return { headers: joined(without(headers, many)), ...(all.length > 0 && { cookies: all }) }
}

const payload10 = (headers: Headers, cookies: readonly string[]): Fields => {
  const all = withCookies(headers, cookies)
  const many = all.filter(({ isSingle }) => !isSingle)
  return { headers: joined(without(all, many)), ...(many.length > 0 && { multiValueHeaders: listed(many) }) }
}

/** With the default format a load balancer can set one cookie. */
const oneCookie = (header: Header): Header =>
  isNamed(header, 'set-cookie') ? { ...header, lines: header.lines.slice(-1) } : header

/**
 * From "Create AWS Lambda proxy integrations for HTTP APIs in API Gateway" (a function URL takes the same), "Lambda proxy
 * integrations in API Gateway", and "Use Lambda functions as targets of an Application Load Balancer".
 */
const FORMS: Readonly<Record<EventKind, (headers: Headers, cookies: readonly string[]) => Fields>> = {
  'http-api': payload20,
  'function-url': payload20,
  'rest-api': payload10,
  alb: (headers, cookies) => ({ headers: joined(withCookies(headers, cookies).map(oneCookie)) }),
  'alb-multi-value': (headers, cookies) => ({ multiValueHeaders: listed(withCookies(headers, cookies)) }),
}

/**
 * The answer, with headers of ours, in the form that its front takes, whatever form it was written in: a front loses what
 * it does not take, or refuses the whole answer.
 */
export const inForm = (answer: Fields, ours: Readonly<Record<string, string>>, { kind, cors }: Recipient): Fields => {
  const { headers, multiValueHeaders, cookies, statusDescription, ...rest } = answer
  const own = headersIn(ours, true)
  // A header of the same name in any case, such as one that the handler passes on, would be a second line of ours.
  const all = withCors([...without(headersOf(answer), own), ...own], cors)
  const form = { ...rest, ...FORMS[kind](all, Array.isArray(cookies) ? cookies.map(lineOf) : []) }
  if (!kind.startsWith('alb')) return form
  const { isBase64Encoded = false } = rest // load balancers require it
  return { ...form, isBase64Encoded, ...(statusDescription !== undefined && { statusDescription }) }
}

/** A stored answer may allow the origin of the first request. For a request of another origin that is left out. */
export const withoutCorsOfOthers = (answer: Fields, { origin }: Recipient): Fields => {
  const headers = headersOf(answer)
  const [allowed] = linesNamed(headers, 'access-control-allow-origin')
  if (origin === undefined || allowed === undefined || allowed === '*' || allowed === origin) return answer
  const kept = headers.filter(({ name }) => !/^access-control-/i.test(name))
  const many = kept.filter(({ isSingle }) => !isSingle)
  return { ...answer, headers: joined(without(kept, many)), multiValueHeaders: listed(many) }
}
