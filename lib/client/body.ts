import { refuse } from './rules.ts'

/** Bodies that can be sent again. A stream cannot. */
export type RepeatableBody = string | ArrayBuffer | ArrayBufferView | Blob | FormData | URLSearchParams

export interface EncodedBody {
  /** What every attempt sends. Absent if there is no body. */
  readonly bytes?: ArrayBuffer
  readonly contentType?: string | null
  /** What counts as the same body: JSON without the order of its members, a form without its boundary. */
  readonly content: string | ArrayBuffer
}

/**
 * The platform encodes the body once. So a form has the same boundary in every attempt, and a file that changes
 * meanwhile has the same content.
 */
export const encodeBody = async (body: unknown, json: unknown): Promise<EncodedBody> => {
  const isJson = json !== undefined
  const hasBody = body !== undefined && body !== null
  if (isJson && hasBody) refuse('give body or json')
  if (!isJson && !hasBody) return { content: '' }
  const encoded = new Response(isJson ? jsonText(json) : repeatable(body))
  const contentType = encoded.headers.get('content-type') // first: Bun forgets it when the body is read
  const bytes = await encoded.arrayBuffer()
  if (isJson) return { bytes, contentType: 'application/json', content: JSON.stringify(json, inOrder) }
  const [, boundary] = /boundary="?([^";]+)/.exec(contentType ?? '') ?? []
  // In Latin-1 each byte is a character.
  const content = boundary ? new TextDecoder('latin1').decode(bytes).replaceAll(boundary, '') : bytes
  return { bytes, contentType, content }
}

const jsonText = (json: unknown): string => JSON.stringify(json) ?? refuse('json must be a JSON value')

const tagOf = (value: unknown): string => Object.prototype.toString.call(value)

const repeatable = (body: unknown): Blob =>
  /String|ArrayBuffer|Blob|File|FormData|URLSearchParams/.test(tagOf(body)) || ArrayBuffer.isView(body)
    ? (body as Blob)
    : refuse('body must be text, bytes, Blob or a form, not a stream')

const inOrder = (_: string, value: unknown): unknown =>
  tagOf(value) === '[object Object]' ? Object.fromEntries(Object.entries(value as object).sort()) : value
