import { type Answer, readAnswer } from './answer.ts'
import type { Settings } from './options.ts'
import type { PreparedRequest } from './request.ts'

/** No answer, or none to its end. */
export interface Unanswered {
  readonly response?: never
  readonly cause: unknown
}

/** Sends the request once and reads its answer to the end, unless the time or the caller's signal ends first. */
export const attempt = async (
  { fetch: send = fetch, runtime }: Settings,
  { url, init }: PreparedRequest,
  millis: number,
): Promise<Answer | Unanswered> => {
  const { signal } = init
  const sending = new AbortController()
  const waiting = new AbortController()
  const stop = (): void => waiting.abort()
  signal?.addEventListener('abort', stop, { signal: waiting.signal })
  try {
    return await Promise.race([
      send(url, { ...init, signal: sending.signal }).then(readAnswer),
      runtime.sleep(millis, waiting.signal).then(() => Promise.reject(new Error(`No answer within ${millis} ms`))),
    ])
  } catch (cause) {
    sending.abort() // not after an answer: Node would drop the body, which the caller has yet to read
    return { cause }
  } finally {
    stop()
  }
}
