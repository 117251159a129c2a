import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { WireAnswer } from './answer.ts'

export interface BodyBound {
  readonly maxBodyBytes: number
  readonly tooLarge: WireAnswer
}

/** Reads each request to its end, and sends the response of `answer`. `cut` ends the connection without a response. */
export const answering =
  (
    { maxBodyBytes, tooLarge }: BodyBound,
    answer: (request: IncomingMessage, body: Buffer) => Promise<WireAnswer | 'cut'>,
  ): RequestListener =>
  async (request, response) => {
    const body = await readBody(request, maxBodyBytes)
    if (body === 'broken') return
    const answered = body === 'too-large' ? tooLarge : await answer(request, body)
    if (answered === 'cut') response.destroy()
    else send(response, answered)
  }

export const readBody = async (
  request: IncomingMessage,
  maxBytes: number,
): Promise<Buffer | 'too-large' | 'broken'> => {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size <= maxBytes) chunks.push(chunk) // the rest is read too, so that the client gets the response
    }
  } catch {
    return 'broken' // the client has disconnected
  }
  return size > maxBytes ? 'too-large' : Buffer.concat(chunks)
}

const send = (response: ServerResponse, { statusCode, headers, body }: WireAnswer): void => {
  for (const [name, value] of headers) response.appendHeader(name, value)
  response.statusCode = statusCode
  response.end(body)
}
