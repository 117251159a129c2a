import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { bodyAsStored, bytesOf, type FrameworkAnswer } from '../frameworks/answer.ts'

/** A response that is held back while its route runs. */
export interface HeldResponse {
  /** What the route answers. Its bytes have not been sent. Rejects if the route destroys the response instead. */
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
  const { write, end, writeHead, flushHeaders, destroy } = response
  const before = new Map(headerPairs(response.getHeaders()))
  const chunks: Buffer[] = []
  let hasHead = false
  let resolve: (answer: FrameworkAnswer) => void = () => {}
  let reject: (error: unknown) => void = () => {}
  const answer = new Promise<FrameworkAnswer>((resolved, rejected) => {
    resolve = resolved
    reject = rejected
  })
  answer.catch(() => {}) // it may be destroyed before anyone waits for the answer

  const keep = (chunk: Written, encoding: unknown): void => {
    if (typeof chunk === 'string') chunks.push(Buffer.from(chunk, textEncoding(encoding)))
    else if (chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk))
  }
  const letGo = (): void => {
    Object.assign(response, { write, end, writeHead, flushHeaders, destroy })
  }
  /** As Node does it, because middlewares that set headers at the last moment wrap `writeHead`. */
  const implicitHead = (): void => {
    if (!hasHead) response.writeHead(response.statusCode)
  }

  response.write = ((chunk: Written, encoding: unknown, done: Done) => {
    implicitHead()
    keep(chunk, encoding)
    called(encoding, done)
    return true
  }) as never
  response.end = ((chunk: Written | Done, encoding: unknown, done: Done) => {
    implicitHead()
    if (typeof chunk !== 'function') keep(chunk, encoding)
    for (const name of before.keys()) if (!response.hasHeader(name)) before.delete(name) // the route took it out
    resolve({
      statusCode: response.statusCode,
      ...fieldsOf(response.getHeaders()),
      ...bodyAsStored(Buffer.concat(chunks)),
    })
    response.once('finish', () => called(chunk, encoding, done))
    return response
  }) as never
  response.writeHead = ((statusCode: number, ...more: readonly unknown[]) => {
    hasHead = true
    response.statusCode = statusCode
    const pairs = headerPairs(more.at(-1))
    for (const [name] of pairs) response.removeHeader(name)
    for (const [name, value] of pairs) response.appendHeader(name, typeof value === 'number' ? String(value) : value)
    return response
  }) as never
  response.flushHeaders = () => {}
  // Streams that fail do this too. No answer comes after it.
  response.destroy = ((error?: Error) => {
    reject(error ?? new Error('lambda-once/express: the route destroyed the response'))
    return destroy.call(response, error)
  }) as never

  const send = (given: FrameworkAnswer): void => {
    letGo()
    for (const name of response.getHeaderNames()) response.removeHeader(name)
    for (const [name, value] of [...before, ...headerPairs(given.headers)]) response.setHeader(name, value)
    if (given.cookies !== undefined) response.setHeader('set-cookie', given.cookies)
    response.statusCode = Number(given.statusCode)
    const bytes = bytesOf(given)
    // An error handler counts its own bytes only, and the route may have written some before. A client would take what is
    // over for the next answer.
    if (response.hasHeader('content-length')) response.setHeader('content-length', bytes.length)
    response.end(bytes)
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
