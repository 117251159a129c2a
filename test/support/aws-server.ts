import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'

/** A queue with a dead-letter queue, and the function that reads it, as SQS and Lambda describe them. */
export interface AwsState {
  readonly visibility: number
  readonly retention: number
  readonly fifo: boolean
  /** `undefined`: no redrive policy. */
  readonly maxReceiveCount: number | undefined
  readonly deadLetterRetention: number
  readonly timeout: number
  readonly environment: Readonly<Record<string, string>>
  /** Whether the function reads the queue. */
  readonly mapped: boolean
  readonly batchWindow: number
  readonly reports: boolean
  /** The call that is refused. */
  readonly denies?: string
}

export interface AwsServer {
  readonly endpoint: string
  readonly queueUrl: string
  /** Everything else is as in a stack that is right. */
  set(state: Partial<AwsState>): void
  close(): Promise<void>
}

const RIGHT: AwsState = {
  visibility: 180,
  retention: 345_600,
  fifo: false,
  maxReceiveCount: 5,
  deadLetterRetention: 1_209_600,
  timeout: 30,
  environment: {},
  mapped: true,
  batchWindow: 0,
  reports: true,
}

const ARN = 'arn:aws:sqs:us-east-1:123456789012:'

/** A stand-in for SQS and Lambda that answers by the form of their APIs. */
export const awsServer = async (): Promise<AwsServer> => {
  let state = RIGHT

  const server = createServer(async (request, response) => {
    const call = await callOf(request)
    const isSqs = request.headers['x-amz-target'] !== undefined
    const isDenied = call.name === state.denies
    response.writeHead(isDenied ? 403 : 200, {
      'content-type': isSqs ? 'application/x-amz-json-1.0' : 'application/json',
      ...(isDenied && !isSqs ? { 'x-amzn-errortype': 'AccessDeniedException' } : {}),
    })
    response.end(
      JSON.stringify(isDenied ? { __type: 'com.amazonaws.sqs#AccessDenied', message: 'AccessDenied' } : answer(call)),
    )
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  const answer = ({ name, input }: Call): object => {
    if (name === 'GetQueueUrl') return { QueueUrl: `${endpoint}/123456789012/${input.QueueName}` }
    if (name === 'GetFunctionConfiguration')
      return { FunctionName: 'f', Timeout: state.timeout, Environment: { Variables: state.environment } }
    if (name === 'ListEventSourceMappings')
      return {
        EventSourceMappings: state.mapped
          ? [
              {
                MaximumBatchingWindowInSeconds: state.batchWindow,
                FunctionResponseTypes: state.reports ? ['ReportBatchItemFailures'] : [],
              },
            ]
          : [],
      }
    const isDead = String(input.QueueUrl).endsWith('/dead')
    return { Attributes: isDead ? { MessageRetentionPeriod: String(state.deadLetterRetention) } : ofQueue(state) }
  }

  return {
    endpoint,
    queueUrl: `${endpoint}/123456789012/orders`,
    set: (next) => {
      state = { ...RIGHT, ...next }
    },
    close: async () => {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

const ofQueue = ({ visibility, retention, fifo, maxReceiveCount }: AwsState): Readonly<Record<string, string>> => ({
  QueueArn: `${ARN}orders`,
  VisibilityTimeout: String(visibility),
  MessageRetentionPeriod: String(retention),
  ...(fifo ? { FifoQueue: 'true' } : {}),
  ...(maxReceiveCount === undefined
    ? {}
    : { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: `${ARN}dead`, maxReceiveCount }) }),
})

interface Call {
  readonly name: string
  readonly input: Readonly<Record<string, unknown>>
}

/** SQS names the call in a header, Lambda by its path. */
const callOf = async (request: IncomingMessage): Promise<Call> => {
  const target = request.headers['x-amz-target']
  if (target !== undefined) {
    return { name: String(target).split('.')[1] ?? '', input: (await json(request)) as Call['input'] }
  }
  const isMapping = request.url?.startsWith('/2015-03-31/event-source-mappings')
  return { name: isMapping ? 'ListEventSourceMappings' : 'GetFunctionConfiguration', input: {} }
}
