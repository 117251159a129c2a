import { request as httpRequest, type RequestOptions } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Millis } from '../../core/time.ts'

export interface Answer {
  readonly status: number
  /** Names in lower case. Node joins a header that came twice. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
}

/** There is no complete answer: the network failed, the time ran out, or the answer is not readable. */
export class NoAnswerError extends Error {
  override readonly name: string
  constructor(name: 'TimeoutError' | 'AbortError' | 'NetworkError' | 'UnreadableAnswer', options?: ErrorOptions) {
    super(`No answer (${name})`, options)
    this.name = name
  }
}

/** In characters. DynamoDB's largest answer is an item of 400 KB, which Base64 makes a third larger. */
const MAX_ANSWER = 1_048_576

export type RequestTarget = Pick<RequestOptions, 'protocol' | 'hostname' | 'port' | 'path'>

/** Where requests to this URL go. Node's sockets want an IPv6 address without the brackets of a URL. */
export const requestTarget = ({ protocol, hostname, port, pathname }: URL): RequestTarget => ({
  protocol,
  hostname: hostname.replace(/^\[(.*)\]$/, '$1'),
  port,
  path: pathname,
})

/**
 * Sends one request and reads its whole answer. `timeout` covers both, and the connection. Rejects with
 * {@link NoAnswerError}.
 */
export const sendHttpRequest = (
  options: RequestOptions,
  body: string | undefined,
  timeout: Millis,
  signal?: AbortSignal,
  maxAnswer: number = MAX_ANSWER,
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(new NoAnswerError('AbortError'))
    const request = (options.protocol === 'http:' ? httpRequest : httpsRequest)(options)

    const end = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    }
    const fail = (error: Error): void => {
      end()
      reject(error instanceof NoAnswerError ? error : new NoAnswerError('NetworkError', { cause: error }))
    }
    const giveUp = (error: NoAnswerError): void => {
      fail(error)
      request.destroy()
    }
    const abort = (): void => giveUp(new NoAnswerError('AbortError'))
    const timer = setTimeout(() => giveUp(new NoAnswerError('TimeoutError')), timeout)
    signal?.addEventListener('abort', abort)

    request.on('error', fail)
    request.on('response', (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
        if (text.length > maxAnswer) giveUp(new NoAnswerError('UnreadableAnswer'))
      })
      response.on('error', fail) // the connection broke during the answer
      response.on('end', () => {
        end()
        resolve({ status: response.statusCode ?? 0, headers: response.headers as Answer['headers'], body: text })
      })
    })
    request.end(body)
  })
