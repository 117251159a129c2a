import type { Recipient } from './answer-form.ts'
import { type Fields, headersOf, isMap, linesNamed } from './headers.ts'

/** Which headers of an answer are stored and replayed. Names in any case. */
export type ReplayHeaders =
  /** These are not, and neither are those of the built-in list. */
  | { readonly deny: readonly string[] }
  /** Only these are, even if the built-in list has them. */
  | { readonly allow: readonly string[] }

/** Whether a header, by its lower-case name, is kept. */
export type HeaderFilter = (name: string) => boolean

/**
 * What belongs to one exchange and not to the answer: a cookie for one client, the time, the connection (RFC 9110,
 * section 7.6.1), ids of one request, and the layer's own headers.
 */
const NEVER_REPLAYED: readonly string[] = [
  'set-cookie',
  'date',
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'apigw-requestid',
  'x-amz-apigw-id',
  'x-amz-request-id',
  'x-amzn-requestid',
  'x-amzn-trace-id',
  'x-request-id',
  'idempotency-status',
  'idempotent-replayed',
]

export const headerFilter = (choice: ReplayHeaders | undefined): HeaderFilter => {
  const isAllowed = choice !== undefined && 'allow' in choice
  const names = isAllowed ? choice.allow : [...NEVER_REPLAYED, ...(choice?.deny ?? [])]
  const listed = new Set(names.map((name) => name.toLowerCase()))
  return (name) => listed.has(name) === isAllowed
}

export const keptHeaders = (headers: unknown, filter: HeaderFilter): Record<string, unknown> | undefined => {
  if (!isMap(headers)) return undefined
  return Object.fromEntries(Object.entries(headers).filter(([name]) => filter(name.toLowerCase())))
}

/** A stored answer may allow the origin of the first request. For a request of another origin that is left out. */
export const withoutCorsOfOthers = (answer: Fields, { origin }: Recipient): Fields => {
  const [allowed] = linesNamed(headersOf(answer), 'access-control-allow-origin')
  if (origin === undefined || allowed === undefined || allowed === '*' || allowed === origin) return answer
  const isOurs: HeaderFilter = (name) => !name.startsWith('access-control-')
  const { headers, multiValueHeaders } = answer
  return { ...answer, headers: keptHeaders(headers, isOurs), multiValueHeaders: keptHeaders(multiValueHeaders, isOurs) }
}
