import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SQSClient } from '@aws-sdk/client-sqs'
import { memoryStore } from '../../lib/memory/index.ts'
import { type SqsOptions, sqsHandler, TerminalError } from '../../lib/sqs/index.ts'
import { CREDENTIALS, LAMBDA_ENVIRONMENT, REGION } from '../support/dynamodb.ts'
import { aContext, aGate, anEvent, aRecord, type Order, returned } from '../support/sqs.ts'

/** The requests to SQS, over real HTTP. The protocol is AWS JSON, and the target header names the action. */
const requests: { action: string; body: Record<string, unknown> }[] = []
let server: Server
let endpoint: string
beforeAll(async () => {
  server = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    const action = String(request.headers['x-amz-target']).replace('AmazonSQS.', '')
    requests.push({ action, body: JSON.parse(text) })
    const answers: Record<string, object> = {
      GetQueueUrl: { QueueUrl: `${endpoint}/123456789012/orders` },
      SendMessage: { MessageId: 'm', MD5OfMessageBody: undefined },
    }
    response.setHeader('content-type', 'application/x-amz-json-1.0').end(JSON.stringify(answers[action] ?? {}))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
beforeEach(() => requests.splice(0))
afterAll(() => void server.close())

const common = () => ({
  store: memoryStore(),
  operation: 'orders',
  tenant: 'single-tenant' as const,
  key: (order: Order) => order.orderId,
  onError: () => {},
})

/** Delivers a message while another delivery of it runs. */
const conflict = async (options: SqsOptions<Order>): Promise<string[]> => {
  const [started, gate] = [aGate(), aGate()]
  const owner = sqsHandler<Order>(async () => {
    started.open()
    await gate.opened
  }, options)
  const owning = owner(anEvent(aRecord('a')), aContext())
  await started.opened
  const answer = await owner(anEvent(aRecord('a')), aContext())
  gate.open()
  await owning
  return returned(answer)
}

test('The layer changes visibility through the SQSClient that the user passes.', async () => {
  const sqs = new SQSClient({ endpoint, region: REGION, credentials: CREDENTIALS })
  expect(await conflict({ ...common(), visibility: 'move', sqs })).toEqual(['a'])
  expect(requests.map(({ action }) => action)).toEqual(['GetQueueUrl', 'ChangeMessageVisibility'])
  expect(requests[1]?.body).toMatchObject({ QueueUrl: `${endpoint}/123456789012/orders`, ReceiptHandle: 'receipt-a' })
  expect(requests[1]?.body.VisibilityTimeout).toBeGreaterThan(30)
})

test('Without such a client the layer makes one when needed, from the settings of its environment.', async () => {
  const before = { ...process.env }
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_SQS: endpoint,
    ...LAMBDA_ENVIRONMENT,
  })
  try {
    expect(await conflict({ ...common(), visibility: 'move' })).toEqual(['a'])
  } finally {
    process.env = before
  }
  expect(requests.map(({ action }) => action)).toEqual(['GetQueueUrl', 'ChangeMessageVisibility'])
})

test('A dead letter keeps its body and group; a standard dead-letter queue gets no FIFO ids.', async () => {
  const sqs = new SQSClient({ endpoint, region: REGION, credentials: CREDENTIALS, md5: false })
  for (const name of ['dead.fifo', 'dead']) {
    const handler = sqsHandler<Order>(
      () => {
        throw new TerminalError('never')
      },
      { ...common(), sqs, deadLetter: { queueUrl: `${endpoint}/123456789012/${name}` } },
    )
    expect(returned(await handler(anEvent(aRecord('a', { group: 'g' })), aContext()))).toEqual([])
  }
  expect(requests.map(({ action }) => action)).toEqual(['SendMessage', 'SendMessage'])
  expect(requests[0]?.body).toMatchObject({
    MessageBody: '{"orderId":"a"}',
    MessageGroupId: 'g',
    MessageDeduplicationId: 'a',
  })
  expect(requests[1]?.body).not.toHaveProperty('MessageGroupId')
  expect(requests[1]?.body).toMatchObject({ MessageAttributes: { 'lambda-once-reason': { StringValue: 'failed' } } })
})
