import { encodeBody, type RepeatableBody } from './body.ts'
import { digestOf } from './digest.ts'
import type { OperationKey } from './operation-key.ts'
import type { Settings } from './options.ts'
import { mustMatch, refuse } from './rules.ts'

/** The options of one call: those of `fetch`, with these differences. */
export interface OperationInit extends Omit<RequestInit, 'body'> {
  /**
   * The idempotency key: your own, or one of `operationKey`. `null` sends none.
   * @default a new UUID; none for GET, HEAD and OPTIONS
   */
  readonly key?: string | OperationKey | null | undefined
  /** A JSON value to send, with `Content-Type: application/json`. */
  readonly json?: unknown
  /** What `fetch` takes, except a stream. It is read once, before the first attempt. */
  readonly body?: RepeatableBody | null | undefined
}

/** What every attempt sends, unchanged. */
export interface PreparedRequest {
  readonly url: string
  readonly init: RequestInit
  readonly key: string | undefined
  /** GET, HEAD or OPTIONS: RFC 9110, section 9.2.1. */
  readonly isSafe: boolean
}

export const prepareRequest = async (
  { header, raw, runtime, fetch }: Settings,
  target: string | URL,
  { key: given, json, body, ...rest }: OperationInit,
): Promise<PreparedRequest> => {
  const url = String(target)
  const method = (rest.method ?? 'GET').toUpperCase()
  const isSafe = /^(GET|HEAD|OPTIONS)$/.test(method)
  const { bytes, contentType, content } = await encodeBody(body, json)
  const headers = new Headers(rest.headers)
  if (headers.has(header)) refuse(`headers must not have ${header}; give it as key`)
  if (contentType && !headers.has('content-type')) headers.set('content-type', contentType)
  const init: RequestInit = { ...rest, method, headers, ...(bytes && { body: bytes }) }
  if (fetch === undefined) new Request(url, init) // throws for what can never be sent

  const chosen = given === undefined && !isSafe ? runtime.randomKey() : given
  const key = typeof chosen === 'object' ? await chosen?.bind(await digestOf([method, url, content])) : chosen
  if (key !== undefined) {
    // A browser leaves the header out of such a request, without an error.
    if (rest.mode === 'no-cors') refuse('mode "no-cors" cannot send a key')
    headers.set(header, headerText(key, raw))
  }
  return { url, init, key, isSafe }
}

/** A String of RFC 9651, section 3.3.3, or the key as it is. */
const headerText = (key: string, raw: boolean): string => {
  mustMatch('key', key, raw ? /^[!#-+\--:<-[\]-~]{1,255}$/ : /^[ -~]{1,255}$/)
  return raw ? key : `"${key.replace(/["\\]/g, '\\$&')}"`
}
