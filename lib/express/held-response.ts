import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { bodyAsStored, bytesOf, type FrameworkAnswer } from '../frameworks/answer.ts'

/** A response that is held back while its route runs. */
export interface HeldResponse {
  /** What the route answers. Its bytes have not been sent. */
  readonly answer: Promise<FrameworkAnswer>
  /** Sends this answer instead. */
  send(answer: FrameworkAnswer): void
  /** Lets the response through as it was. */
  letGo(): void
}

type Written = string | Uint8Array | null | undefined
type Done = (() => void) | undefined

/** From now on nothing that is written to the response reaches the client, until `send` or `letGo`. */
export const holdResponse = (response: ServerResponse): HeldResponse => {
  const { write, end, writeHead, flushHeaders } = response
  const before = response.getHeaders()
  const chunks: Buffer[] = []
  let resolve: (answer: FrameworkAnswer) => void = () => {}
  const answer = new Promise<FrameworkAnswer>((resolved) => {
    resolve = resolved
  })

  const keep = (chunk: Written, encoding: unknown): void => {
    if (typeof chunk === 'string') chunks.push(Buffer.from(chunk, textEncoding(encoding)))
    else if (chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk))
  }
  const letGo = (): void => {
    Object.assign(response, { write, end, writeHead, flushHeaders })
  }

  response.write = ((chunk: Written, encoding: unknown, done: Done) => {
    keep(chunk, encoding)
    called(encoding, done)
    return true
  }) as never
  response.end = ((chunk: Written | Done, encoding: unknown, done: Done) => {
    if (typeof chunk !== 'function') keep(chunk, encoding)
    resolve({
      statusCode: response.statusCode,
      ...fieldsOf(response.getHeaders()),
      ...bodyAsStored(Buffer.concat(chunks)),
    })
    response.once('finish', () => called(chunk, encoding, done))
    return response
  }) as never
  response.writeHead = ((statusCode: number, ...more: readonly unknown[]) => {
    response.statusCode = statusCode
    for (const [name, value] of headerPairs(more.at(-1))) response.setHeader(name, value)
    return response
  }) as never
  response.flushHeaders = () => {}

  const send = (given: FrameworkAnswer): void => {
    letGo()
    for (const name of response.getHeaderNames()) response.removeHeader(name)
    for (const [name, value] of [...headerPairs(before), ...headerPairs(given.headers)]) response.setHeader(name, value)
    if (given.cookies !== undefined) response.setHeader('set-cookie', given.cookies)
    response.statusCode = Number(given.statusCode)
    response.end(bytesOf(given))
  }
  return { answer, send, letGo }
}

const textEncoding = (encoding: unknown): BufferEncoding =>
  typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8'

/** Node takes the callback in the place of each optional argument. */
const called = (...given: readonly unknown[]): void => {
  for (const done of given) if (typeof done === 'function') done()
}

const fieldsOf = (given: OutgoingHttpHeaders): Pick<FrameworkAnswer, 'headers' | 'cookies'> => {
  const { 'set-cookie': cookies, ...rest } = given
  const lines = Object.entries(rest).map(([name, value]) => [name, [value].flat().join(', ')] as const)
  return {
    headers: Object.fromEntries(lines),
    ...(cookies !== undefined && { cookies: [cookies].flat().map(String) }),
  }
}

/** `writeHead` takes an object, or a flat list of names and values. */
const headerPairs = (given: unknown): readonly (readonly [string, string | number | readonly string[]])[] => {
  if (Array.isArray(given)) {
    const flat: unknown[] = given.flat()
    return flat.flatMap((name, at) => (at % 2 === 0 ? [[String(name), flat[at + 1] as string] as const] : []))
  }
  if (typeof given !== 'object' || given === null) return []
  return Object.entries(given as OutgoingHttpHeaders).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  )
}
