import { validateHeaderName, validateHeaderValue } from 'node:http'

/** An HTTP response as it is sent to the client. */
export interface WireAnswer {
  readonly statusCode: number
  readonly headers: readonly (readonly [string, string])[]
  readonly body: Buffer
}

export const jsonAnswer = (statusCode: number, value: unknown): WireAnswer => ({
  statusCode,
  headers: [['content-type', 'application/json']],
  body: Buffer.from(JSON.stringify(value)),
})

/** A response of API Gateway itself. */
export const gatewayAnswer = (statusCode: number, message: string): WireAnswer => jsonAnswer(statusCode, { message })

export const internalServerError = (): WireAnswer => gatewayAnswer(500, 'Internal Server Error')

/**
 * The response that API Gateway makes from the result of a function, by payload format version 2.0. A result without a
 * status becomes 200 with a JSON body; an invalid result becomes 500.
 */
export const functionAnswer = (result: unknown): WireAnswer => {
  if (!isFields(result) || result.statusCode === undefined) return inferred(result)
  const { statusCode, isBase64Encoded } = result
  const [headers, cookies, body] = [result.headers ?? {}, result.cookies ?? [], result.body ?? '']
  const status = Number(statusCode)
  if (!Number.isInteger(status) || status < 200 || status > 599) return internalServerError()
  if (!isFields(headers) || !Array.isArray(cookies) || typeof body !== 'string') return internalServerError()
  const lines = headerLines(headers, cookies)
  if (lines === undefined) return internalServerError()
  return { statusCode: status, headers: lines, body: Buffer.from(body, isBase64Encoded === true ? 'base64' : 'utf8') }
}

const inferred = (result: unknown): WireAnswer => ({
  statusCode: 200,
  headers: [['content-type', 'application/json']],
  body: Buffer.from(typeof result === 'string' ? result : JSON.stringify(result ?? null)),
})

/** Headers of the connection to the client, which the gateway sets itself. */
const OWN = new Set(['connection', 'keep-alive', 'transfer-encoding', 'content-length'])

const headerLines = (
  headers: Readonly<Record<string, unknown>>,
  cookies: readonly unknown[],
): readonly (readonly [string, string])[] | undefined => {
  const given = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)] as const)
  const kept = given.filter(([name]) => !OWN.has(name))
  const typed = kept.some(([name]) => name === 'content-type') ? kept : [CONTENT_TYPE, ...kept]
  const lines = [...typed, ...cookies.map((cookie) => ['set-cookie', String(cookie)] as const)]
  return lines.every(isSendable) ? lines : undefined
}

const CONTENT_TYPE = ['content-type', 'text/plain; charset=utf-8'] as const

const isSendable = ([name, value]: readonly [string, string]): boolean => {
  try {
    validateHeaderName(name)
    validateHeaderValue(name, value)
    return true
  } catch {
    return false
  }
}

const isFields = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
