import { isMap } from './answer-form.ts'

/** Which headers of an answer are stored and replayed. */
export type ReplayHeaders =
  /** These are dropped too. */
  | { readonly deny: readonly string[] }
  /** Only these are kept. */
  | { readonly allow: readonly string[] }

/** Whether a header, by its lower-case name, is kept. */
export type HeaderFilter = (name: string) => boolean

/**
 * What belongs to one exchange, not to the answer: a cookie given to one caller, the time, the connection (RFC 9110,
 * section 7.6.1), ids of one request, and this layer's own marks.
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
  if (choice !== undefined && 'allow' in choice) {
    const allowed = new Set(choice.allow.map((name) => name.toLowerCase()))
    return (name) => allowed.has(name)
  }
  const denied = new Set([...NEVER_REPLAYED, ...(choice?.deny ?? []).map((name) => name.toLowerCase())])
  return (name) => !denied.has(name)
}

export const keptHeaders = (headers: unknown, filter: HeaderFilter): Record<string, unknown> | undefined => {
  if (!isMap(headers)) return undefined
  return Object.fromEntries(Object.entries(headers).filter(([name]) => filter(name.toLowerCase())))
}
