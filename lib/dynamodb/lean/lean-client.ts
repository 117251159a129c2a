import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { ANSWER_TIMEOUT_MILLIS, MAX_ATTEMPTS } from '../../core/limits.ts'
import { isObject } from '../../core/option-rules.ts'
import { type Runtime, systemRuntime } from '../../core/runtime.ts'
import { type Millis, millis } from '../../core/time.ts'
import { isThrottle, isTransient } from '../faults.ts'
import { closeIdle } from '../idle-sockets.ts'
import type { ItemClient } from '../item-client.ts'
import type { CredentialsSource } from './credentials.ts'
import type { Endpoint } from './endpoint.ts'
import { type Answer, NoAnswerError, sendHttpRequest } from './http-request.ts'
import { ServiceError } from './service-error.ts'
import { type Operation, requestSigner } from './signature.ts'
import { type ItemInput, itemFromWire, parseJson, toWire } from './wire.ts'

export interface LeanClientSettings {
  readonly endpoint: Endpoint
  readonly credentials: CredentialsSource
  /** For one attempt, from the connection to the end of the answer. Default: 900 ms, as in the default SDK client. */
  readonly timeout?: Millis
  /** For tests only, like `transport`. */
  readonly runtime?: Pick<Runtime, 'now' | 'random' | 'sleep'>
  readonly transport?: typeof sendHttpRequest
}

/** As in the SDK's standard retries: a random pause of up to 100 ms, or up to 500 ms after throttling. */
const BACKOFF = millis(100)
const THROTTLED_BACKOFF = millis(500)

/** The SDK's value. A function serves one request at a time, or a batch of a few dozen messages. */
const MAX_SOCKETS = 50

/** In characters. A cancelled transaction may give back the stored items: 4 MB, which Base64 makes a third larger. */
const MAX_CANCELLATION = 8_388_608

/** Speaks DynamoDB's JSON protocol over `node:http`, for the store's calls. No code of the AWS SDK runs. */
export const leanItemClient = ({
  endpoint,
  credentials,
  timeout = millis(ANSWER_TIMEOUT_MILLIS),
  runtime = systemRuntime,
  transport = sendHttpRequest,
}: LeanClientSettings): ItemClient => {
  const { target } = endpoint
  const Agent = target.protocol === 'http:' ? HttpAgent : HttpsAgent
  const agent = new Agent({ keepAlive: true, maxSockets: MAX_SOCKETS })
  const sign = requestSigner(endpoint)

  /** Signs each attempt anew, because a signature contains its time. */
  const attempt = async (operation: Operation, body: string, signal: AbortSignal): Promise<Answer> => {
    const headers = sign(operation, body, await credentials(), runtime.now())
    const maxAnswer = operation === 'TransactWriteItems' ? MAX_CANCELLATION : undefined
    return transport({ method: 'POST', headers, agent, ...target }, body, timeout, signal, maxAnswer)
  }

  const send = async (operation: Operation, input: ItemInput, signal: AbortSignal): Promise<Reply> => {
    const body = toWire(input)
    for (let attempts = 1; ; attempts++) {
      try {
        const answer = await attempt(operation, body, signal)
        if (answer.status === 200) return parseReply(answer)
        throw new ServiceError(answer, attempts)
      } catch (error) {
        if (error instanceof NoAnswerError) closeIdle(agent)
        if (attempts === MAX_ATTEMPTS || !isRetryable(error) || signal.aborted) throw error
        await runtime.sleep(millis(runtime.random() * backoff(error)), signal)
      }
    }
  }

  return {
    putItem: (input, signal) => send('PutItem', input, signal),
    updateItem: (input, signal) => send('UpdateItem', input, signal),
    transactWriteItems: (input, signal) => send('TransactWriteItems', input, signal),
    getItem: async (input, signal) => {
      const { Item: item } = await send('GetItem', input, signal)
      return item === undefined ? {} : { Item: itemFromWire(item) }
    },
  }
}

/** The body of a successful answer. */
interface Reply {
  readonly Item?: Parameters<typeof itemFromWire>[0]
}

/** A proxy or a wrong endpoint may answer 200 with other content. That must not count as a won claim. */
const parseReply = ({ body }: Answer): Reply => {
  const reply = parseJson(body)
  if (isObject(reply) && !Array.isArray(reply)) {
    const { Item: item, ...others } = reply
    if (Object.keys(others).length === 0 && (item === undefined || isObject(item))) return reply
  }
  throw new NoAnswerError('UnreadableAnswer')
}

/** Returns true if the next attempt may succeed: after a network error, a timeout, a 5xx or a transient 4xx. */
const isRetryable = (error: unknown): boolean =>
  error instanceof NoAnswerError ||
  (error instanceof ServiceError && (error.$metadata.httpStatusCode >= 500 || isTransient(error)))

const backoff = (error: unknown): Millis =>
  error instanceof ServiceError && isThrottle(error) ? THROTTLED_BACKOFF : BACKOFF
