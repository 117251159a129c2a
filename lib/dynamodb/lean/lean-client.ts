import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { isObject } from '../../core/option-rules.ts'
import { type Runtime, systemRuntime } from '../../core/runtime.ts'
import { type Millis, millis } from '../../core/time.ts'
import { isPassing, isThrottle } from '../faults.ts'
import { closeIdle } from '../idle-sockets.ts'
import type { ItemClient } from '../item-client.ts'
import type { CredentialsSource } from './credentials.ts'
import type { Endpoint } from './endpoint.ts'
import { type Answer, NoAnswerError, sendHttpRequest } from './http-request.ts'
import { ServiceError } from './service-error.ts'
import { type Operation, requestSigner } from './signature.ts'
import { type ItemInput, itemFromWire, toWire } from './wire.ts'

export interface LeanClientSettings {
  readonly endpoint: Endpoint
  readonly credentials: CredentialsSource
  /** Of one attempt, connection and answer. Default 900 ms, as the layer's SDK client has it. */
  readonly timeout?: Millis
  /** For tests, as is `transport`: one request and its answer. */
  readonly runtime?: Pick<Runtime, 'now' | 'random' | 'sleep'>
  readonly transport?: typeof sendHttpRequest
}

const MAX_ATTEMPTS = 2
const TIMEOUT = millis(900)

/** As the SDK's standard retries: at random up to 100 ms, and up to 500 ms where the service asks for less. */
const BACKOFF = millis(100)
const THROTTLED_BACKOFF = millis(500)

/** As the SDK: one function serves one request at a time, and a batch a few dozen. */
const MAX_SOCKETS = 50

/** DynamoDB's JSON protocol over `node:http`, for the three calls of the store. Nothing of the AWS SDK runs. */
export const leanItemClient = ({
  endpoint,
  credentials,
  timeout = TIMEOUT,
  runtime = systemRuntime,
  transport = sendHttpRequest,
}: LeanClientSettings): ItemClient => {
  const { target } = endpoint
  const Agent = target.protocol === 'http:' ? HttpAgent : HttpsAgent
  const agent = new Agent({ keepAlive: true, maxSockets: MAX_SOCKETS })
  const sign = requestSigner(endpoint)

  /** Signed anew for each attempt: a signature bears its time. */
  const attempt = async (operation: Operation, body: string, by: AbortSignal): Promise<Answer> => {
    const headers = sign(operation, body, await credentials(), runtime.now())
    return transport({ method: 'POST', headers, agent, ...target }, body, timeout, by)
  }

  const send = async (operation: Operation, input: ItemInput, by: AbortSignal): Promise<Reply> => {
    const body = toWire(input)
    for (let attempts = 1; ; attempts++) {
      try {
        const answer = await attempt(operation, body, by)
        if (answer.status === 200) return parseReply(answer)
        throw new ServiceError(answer, attempts)
      } catch (error) {
        if (error instanceof NoAnswerError) closeIdle(agent)
        if (attempts === MAX_ATTEMPTS || !mayPass(error) || by.aborted) throw error
        await runtime.sleep(millis(runtime.random() * backoff(error)), by)
      }
    }
  }

  return {
    putItem: (input, by) => send('PutItem', input, by),
    updateItem: (input, by) => send('UpdateItem', input, by),
    getItem: async (input, by) => {
      const { Item: item } = await send('GetItem', input, by)
      return item === undefined ? {} : { Item: itemFromWire(item) }
    },
  }
}

/** What DynamoDB says of a success. */
interface Reply {
  readonly Item?: Parameters<typeof itemFromWire>[0]
}

/** Something in between, or a wrong endpoint, may answer 200 in words of its own: that is no won claim. */
const parseReply = ({ body }: Answer): Reply => {
  try {
    const read: unknown = JSON.parse(body)
    if (isObject(read) && !Array.isArray(read)) {
      const { Item: item, ...others } = read
      if (Object.keys(others).length === 0 && (item === undefined || isObject(item))) return read
    }
  } catch {} // no JSON
  throw new NoAnswerError('UnreadableAnswer')
}

/** Whether the next attempt may fare better: network, time-out, 5xx, and the refusals that pass. */
const mayPass = (error: unknown): boolean =>
  error instanceof NoAnswerError ||
  (error instanceof ServiceError && (error.$metadata.httpStatusCode >= 500 || isPassing(error)))

const backoff = (error: unknown): Millis =>
  error instanceof ServiceError && isThrottle(error) ? THROTTLED_BACKOFF : BACKOFF
