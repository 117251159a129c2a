import type { RequestListener } from 'node:http'
import { gatewayAnswer, jsonAnswer, type WireAnswer } from '../gateway/answer.ts'
import { answering } from '../gateway/exchange.ts'
import { splitTarget } from '../gateway/request-event.ts'
import type { MemoryQueue } from './memory-queue.ts'
import { sqsApi } from './sqs-api.ts'

export interface QueueListenerOf {
  readonly queue: MemoryQueue
  readonly queueName: string
  /** URL of the server that uses this listener. */
  readonly url: string
}

/** Paths below this prefix exist on this machine only. They are not part of the deployed API. */
export const LOCAL_PREFIX = '/_local/'

/** The path of the functions' SQS endpoint. */
export const SQS_PATH: string = `${LOCAL_PREFIX}sqs`

/** The SDK appends a slash to its endpoint. */
const SQS_PATHS = new RegExp(`^${SQS_PATH}/?$`)

const MAX_TIMES = 1_000

/** 256 KB: the size that every SQS queue takes. A queue can raise it to 1 MB. */
const MAX_BODY_BYTES = 256 * 1024

const TOO_LARGE = gatewayAnswer(400, `The body is too large: give JSON of at most ${MAX_BODY_BYTES} bytes`)

/** Lets people send to the queue and look into it, without an authorizer, and serves the functions' calls to SQS. */
export const queueListener = ({ queue, queueName, url }: QueueListenerOf): RequestListener => {
  const queuePath = `${LOCAL_PREFIX}queues/${queueName}`
  const sqs = sqsApi({ queue, queueName, queueUrl: `${url}${SQS_PATH}/${queueName}` })

  return answering({ maxBodyBytes: MAX_BODY_BYTES, tooLarge: TOO_LARGE }, async ({ method, url, headers }, body) => {
    const { rawPath, rawQueryString } = splitTarget(url ?? '/')
    if (method === 'POST' && rawPath === queuePath) return sent(queue, new URLSearchParams(rawQueryString), body)
    if (method === 'GET' && rawPath === queuePath) return shown(queue)
    if (method === 'POST' && SQS_PATHS.test(rawPath)) return sqs(headers, body)
    return gatewayAnswer(404, 'Not Found')
  })
}

const shown = async (queue: MemoryQueue): Promise<WireAnswer> =>
  jsonAnswer(200, { ...queue.count(), deadLetters: await queue.deadLetters() })

/** Any JSON is accepted: the worker decides whether it is a valid order. */
const sent = (queue: MemoryQueue, query: URLSearchParams, body: Buffer): WireAnswer => {
  const times = timesOf(query)
  if (times === undefined) {
    const given = JSON.stringify(query.getAll('times').join())
    return gatewayAnswer(400, `times is ${given}: give one integer from 1 to ${MAX_TIMES}`)
  }
  const text = jsonText(body)
  if (text === undefined) return gatewayAnswer(400, 'The body is not JSON: give the message as JSON text')
  return jsonAnswer(202, { messageIds: Array.from({ length: times }, () => queue.send(text)) })
}

const timesOf = (query: URLSearchParams): number | undefined => {
  const [text = '1', second] = query.getAll('times')
  const times = /^\d{1,4}$/.test(text) && second === undefined ? Number(text) : 0
  return times >= 1 && times <= MAX_TIMES ? times : undefined
}

/** Returns the text as sent, because the worker must see the producer's own bytes. */
const jsonText = (body: Buffer): string | undefined => {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body)
    JSON.parse(text)
    return text
  } catch {
    return undefined
  }
}
