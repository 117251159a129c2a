import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { SQSClient } from '@aws-sdk/client-sqs'
import { epochMillis } from '../../lib/core/time.ts'
import { dynamoDbStore } from '../../lib/dynamodb/index.ts'
import { memoryStore } from '../../lib/memory/index.ts'
import { type SqsEvent, sqsHandler, TerminalError } from '../../lib/sqs/index.ts'
import {
  type QueuedDelivery,
  queuedWebhook,
  shopify,
  type WebhookToQueueOptions,
  webhook,
  webhookToQueue,
} from '../../lib/webhooks/index.ts'
import { type EventSource, startEventSource } from '../../local/queue/event-source.ts'
import { type MemoryQueue, memoryQueue } from '../../local/queue/memory-queue.ts'
import { queueListener, SQS_PATH } from '../../local/queue/queue-listener.ts'
import { CREDENTIALS, freshTable, testClient } from '../support/dynamodb.ts'
import { contextWith, EVENT_KINDS } from '../support/http-events.ts'
import { answered, patientRuntime } from '../support/http-harness.ts'
import { aContext, anEvent, aRecord, returned, STANDARD } from '../support/sqs.ts'
import { anId, arriving, SENDERS, senders, type TestSender } from './sender.ts'

const QUEUE = 'events'
const stripeSender = SENDERS.stripe as TestSender

let queue: MemoryQueue
let server: Server
let queueUrl: string
let sqs: SQSClient
let tableName: string

beforeAll(async () => {
  tableName = await freshTable()
  queue = memoryQueue({
    visibilitySeconds: 1,
    maxReceiveCount: 50,
    reasonOf: async () => 'maxReceiveCount',
    now: () => Date.now(),
  })
  server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  server.on('request', queueListener({ queue, queueName: QUEUE, url }))
  queueUrl = `${url}${SQS_PATH}/${QUEUE}`
  sqs = new SQSClient({ endpoint: `${url}${SQS_PATH}`, region: 'eu-west-1', credentials: CREDENTIALS })
})
afterAll(() => {
  sqs.destroy()
  server.closeAllConnections()
  server.close()
})

const store = () => dynamoDbStore({ tableName, client: testClient() })

const receiver = (sender = stripeSender, over: Partial<WebhookToQueueOptions<unknown>> = {}) =>
  webhookToQueue({
    queueUrl,
    sqs,
    tenant: 'single-tenant',
    provider: sender.provider,
    secrets: [sender.secret],
    runtime: patientRuntime,
    ...over,
  })

const consumer = (handle: (delivery: QueuedDelivery) => unknown) =>
  sqsHandler((message) => handle(message.body), {
    store: store(),
    operation: 'events',
    runtime: patientRuntime,
    onError: () => {},
    ...queuedWebhook(),
  })

/** Delivers what is on the queue to a consumer, as Lambda does. */
const consuming = (handler: (event: SqsEvent, context: ReturnType<typeof aContext>) => Promise<unknown>): EventSource =>
  startEventSource({
    queue,
    identity: { arn: STANDARD, region: 'us-east-1' },
    worker: {
      invoke: async (event) =>
        handler(event as SqsEvent, aContext()).then(
          (result) => ({ kind: 'returned', result }),
          () => ({ kind: 'threw' }),
        ),
    },
  })

const untilEmpty = async (): Promise<void> => {
  while (queue.count().visible + queue.count().inFlight > 0) await sleep(20)
}

const messageIn = (command: object): { readonly MessageBody: string } =>
  (command as { readonly input: { readonly MessageBody: string } }).input

const sent = (sender: TestSender, id: string) => sender.send({ secrets: [sender.secret], id })

test.each(senders)(
  'W9: an event of %s is on the queue when its sender gets 202, and the consumer gets it whole.',
  async (_, sender) => {
    const id = anId()
    const seen: QueuedDelivery[] = []
    for (const kind of EVENT_KINDS) {
      const answer = answered(
        await receiver(sender)(arriving(sent(sender, id), kind, kind === 'rest-api'), contextWith()),
      )
      expect([answer.statusCode, answer.body]).toEqual([202, ''])
    }
    expect(queue.count().visible).toBe(EVENT_KINDS.length)
    const source = consuming(consumer((delivery) => void seen.push(delivery)))
    await untilEmpty()
    source.stop()
    const body = sender.bodyOf(id)
    expect(seen).toHaveLength(1)
    expect(seen[0]).toMatchObject({ id, body, event: JSON.parse(body), provider: sender.provider.name })
    expect(Buffer.from(seen[0]?.bytes ?? []).toString()).toBe(body)
    if (sender.provider === shopify) expect(seen[0]?.headers['x-shopify-topic']).toBe('orders/create')
    const names = Object.keys(seen[0]?.headers ?? {})
    expect(names).toContain('content-type')
    expect(names.filter((name) => /signature|hmac|timestamp/.test(name))).toEqual([])
  },
)

test('W9: 20 deliveries at once, through a queue that redelivers, run once.', async () => {
  const id = anId()
  let runs = 0
  const source = consuming(
    consumer(async () => {
      runs++
      await sleep(50)
    }),
  )
  const handler = receiver()
  await Promise.all(Array.from({ length: 20 }, () => handler(arriving(sent(stripeSender, id)), contextWith())))
  await untilEmpty()
  source.stop()
  expect(runs).toBe(1)
})

test('W9: if the 202 is lost, or comes too late, the sender delivers again, before and after the run: it runs once.', async () => {
  const id = anId()
  let runs = 0
  const handler = receiver()
  // The message is on the queue, and the sender gets no answer.
  const lost = {
    ...sqs,
    send: async (command: object) => sqs.send(command as never).then(() => Promise.reject(new Error('lost'))),
  }
  await expect(receiver(stripeSender, { sqs: lost })(arriving(sent(stripeSender, id)), contextWith())).rejects.toThrow(
    'lost',
  )
  await handler(arriving(sent(stripeSender, id)), contextWith())
  expect(queue.count().visible).toBe(2)
  const source = consuming(consumer(() => void runs++))
  await untilEmpty()
  expect(answered(await handler(arriving(sent(stripeSender, id)), contextWith())).statusCode).toBe(202)
  await untilEmpty()
  source.stop()
  expect(runs).toBe(1)
})

test('W9: an event that SQS does not take is no 202: the invocation fails, and the sender delivers it again.', async () => {
  const wire = sent(stripeSender, anId())
  const other = receiver(stripeSender, { queueUrl: `${queueUrl}-gone` })
  await expect(other(arriving(wire), contextWith())).rejects.toThrow('InvalidParameterValue')
  const late = receiver(stripeSender, { runtime: { ...patientRuntime, enforcesDeadline: () => true } })
  await expect(late(arriving(wire), contextWith(200))).rejects.toThrow('no time left')
  expect(queue.count().visible).toBe(0)
})

test('W10: an event that webhook has handled is not run again by the consumer, and the other way round.', async () => {
  const runs: string[] = []
  const direct = webhook(() => void runs.push('direct'), {
    store: store(),
    operation: 'events',
    tenant: 'single-tenant',
    provider: stripeSender.provider,
    secrets: [stripeSender.secret],
    runtime: patientRuntime,
  })
  const [first, second, third, failed] = [anId(), anId(), anId(), anId()]
  const throughQueue = async (id: string, handle: () => unknown): Promise<void> => {
    await receiver()(arriving(sent(stripeSender, id)), contextWith())
    const source = consuming(consumer(handle))
    await untilEmpty()
    source.stop()
  }
  await direct(arriving(sent(stripeSender, first)), contextWith())
  await throughQueue(first, () => runs.push('queued'))
  await throughQueue(second, () => {
    runs.push('queued')
    return { answer: 42 }
  })
  await throughQueue(third, () => ({ booked: true }))
  for (const kind of EVENT_KINDS) {
    for (const id of [second, third]) {
      expect(answered(await direct(arriving(sent(stripeSender, id), kind), contextWith()))).toMatchObject({
        statusCode: 200,
        body: '',
      })
    }
  }
  expect(runs).toEqual(['direct', 'queued'])
  await receiver()(arriving(sent(stripeSender, failed)), contextWith())
  const [message] = queue.receive(1)
  queue.remove(message?.receiptHandle ?? '')
  const fails = consumer(() => Promise.reject(new TerminalError('The order is gone')))
  await fails(anEvent(aRecord('m-1', { body: message?.body ?? '' })), aContext())
  await expect(direct(arriving(sent(stripeSender, failed)), contextWith())).rejects.toThrow('The order is gone')
})

test.each(senders)(
  'W9: an event of %s that is delivered again as late as can be, and then waits on the queue for 14 days, runs once.',
  async (_, { provider, secret, send }) => {
    const [id, start, day] = [anId(), Date.now(), 86_400_000]
    let [runs, now] = [0, start]
    const runtime = { ...patientRuntime, now: () => epochMillis(now) }
    const messages: string[] = []
    const fake = { send: async (command: object) => void messages.push(messageIn(command).MessageBody) }
    const front = receiver({ ...stripeSender, provider, secret }, { sqs: fake, runtime })
    const handler = sqsHandler(() => void runs++, {
      store: memoryStore({ now: runtime.now }),
      operation: 'events',
      runtime,
      ...queuedWebhook(),
    })
    const deliver = async (): Promise<void> => {
      const wire = send({ secrets: [secret], id, at: Math.floor(now / 1_000) })
      expect(answered(await front(arriving(wire), contextWith())).statusCode).toBe(202)
    }
    const consume = async (): Promise<void> => {
      const batch = anEvent(aRecord('m-1', { body: messages.shift() ?? '' }))
      expect(returned(await handler(batch, contextWith()))).toEqual([])
    }
    await deliver()
    await consume()
    now = start + provider.redeliversForSeconds * 1_000
    await deliver()
    now += 14 * day
    await consume()
    expect(runs).toBe(1)
  },
)

test('W9: the tenant is found once, by the receiver, and the consumer goes by it.', async () => {
  const tenants: string[] = []
  const source = consuming(consumer(({ tenant }) => void tenants.push(tenant)))
  const id = anId()
  const wire = sent(stripeSender, id)
  const tenant = ({ headers }: { headers: Readonly<Record<string, string | undefined>> }) => headers['x-account']
  for (const account of ['a', 'b', 'a']) {
    await receiver(stripeSender, { tenant })(
      arriving({ ...wire, headers: [...wire.headers, ['X-Account', account]] }),
      contextWith(),
    )
  }
  await untilEmpty()
  source.stop()
  expect(tenants.sort()).toEqual(['a', 'b'])
})

test('W9: bytes that are no text come through the queue unchanged.', async () => {
  const seen: QueuedDelivery[] = []
  const provider = { name: 'acme', verify: () => true, eventId: { header: 'x-id' }, redeliversForSeconds: 60 }
  const bytes = [Buffer.from([0, 255, 128, 10]), Buffer.from('a\uFFFE\uFFFF\u0000b'), Buffer.from('')]
  for (const body of bytes) {
    const event = {
      ...arriving({ headers: [['X-Id', anId()]], body: '' }),
      body: body.toString('base64'),
      isBase64Encoded: true,
    }
    await receiver(stripeSender, { provider, secrets: [] })(event, contextWith())
  }
  const source = consuming(consumer((delivery) => void seen.push(delivery)))
  await untilEmpty()
  source.stop()
  expect(seen.map(({ bytes }) => Buffer.from(bytes).toString('hex')).sort()).toEqual(
    bytes.map((body) => body.toString('hex')).sort(),
  )
})

describe('The text of a message', () => {
  const provider = { name: 'acme', verify: () => true, eventId: { member: 'id' }, redeliversForSeconds: 60 }
  const queued = async (body: string, over: Partial<WebhookToQueueOptions<unknown>> = {}): Promise<string> => {
    const messages: string[] = []
    const fake = { send: async (command: object) => void messages.push(messageIn(command).MessageBody) }
    const front = receiver(stripeSender, { provider, secrets: [], sqs: fake, ...over })
    await front(arriving({ headers: [['Content-Type', 'application/json']], body }), contextWith())
    return messages[0] ?? ''
  }
  const delivered = async (message: string): Promise<QueuedDelivery | undefined> => {
    const seen: QueuedDelivery[] = []
    await consumer((delivery) => void seen.push(delivery))(anEvent(aRecord('m-1', { body: message })), aContext())
    return seen[0]
  }

  test('W9: has only characters that SQS takes, also if id, tenant, path, header or body have others.', async () => {
    const odd = '\uFFFE\uFFFF\uD83D\uDE00\u0000\u0085'
    const id = `${anId()}${odd}`
    const body = JSON.stringify({ id, odd })
    const message = await queued(body, { tenant: () => odd })
    // The characters of XML 1.0, section 2.2: AWS, "SendMessage".
    expect(message).toMatch(/^[\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]*$/u)
    expect(await delivered(message)).toMatchObject({ id, body, tenant: odd, event: { id, odd } })
  })

  test('W9: of a long body is at most a third longer, whatever the body is made of, so that SQS takes it.', async () => {
    const parts = ['\uFFFE', '"', '\\', '\n', '\u0001', 'a', 'ü', '😀', '{"a":"\\"b\\""}']
    const bodies = [
      ...parts.map((part) => JSON.stringify({ text: part.repeat(100_000) })),
      ...parts.map((part) => JSON.stringify(JSON.stringify(JSON.stringify({ text: part.repeat(10_000) })))),
      ...parts.map((part) => part.repeat(100_000)),
    ]
    for (const body of bodies) {
      const message = await queued(body, { key: () => anId() })
      const most = Math.max(Math.ceil(Buffer.byteLength(body) / 3) * 4, 65_536) + 300
      expect(Buffer.byteLength(message)).toBeLessThanOrEqual(most)
      expect((await delivered(message))?.body).toBe(body)
    }
  })

  test('W9: of a short body can be read by people.', async () => {
    const body = JSON.stringify({ id: anId(), text: '\n"\\'.repeat(1_000) })
    expect(JSON.parse(await queued(body))).toMatchObject({ body })
  })
})

test('A message that webhookToQueue did not make fails alone, without a run.', async () => {
  const handler = consumer(() => {
    throw new Error('must not run')
  })
  const bodies = ['{}', '{"form":"lambda-once/webhook/2"}', 'null', 'no JSON']
  const batch = anEvent(...bodies.map((body, index) => aRecord(`m-${index}`, { body })))
  expect(returned(await handler(batch, aContext()))).toEqual(['m-0', 'm-1', 'm-2', 'm-3'])
})

describe('A FIFO queue', () => {
  interface Message {
    readonly MessageDeduplicationId: string
    readonly MessageGroupId: string
  }
  const sentTo = async (id: string, over: Partial<WebhookToQueueOptions<unknown>> = {}): Promise<Message> => {
    const messages: Message[] = []
    const fake = { send: async (command: object) => void messages.push((command as { input: Message }).input) }
    const url = 'https://sqs.eu-west-1.amazonaws.com/111122223333/events.fifo'
    await receiver(stripeSender, { queueUrl: url, sqs: fake, ...over })(arriving(sent(stripeSender, id)), contextWith())
    return messages[0] as Message
  }

  test('W9: SQS gets an id that is the same for each delivery of an event, and differs by event and tenant.', async () => {
    const id = anId()
    const [one, again, other, tenant] = await Promise.all([
      sentTo(id),
      sentTo(id),
      sentTo(anId()),
      sentTo(id, { tenant: () => 'another' }),
    ])
    expect(one.MessageDeduplicationId).toMatch(/^[\w-]{1,128}$/)
    expect(again).toEqual(one)
    expect(new Set([one, other, tenant].map((sent) => sent.MessageDeduplicationId)).size).toBe(3)
    expect(new Set([one, other, tenant].map((sent) => sent.MessageGroupId)).size).toBe(3)
  })

  test('W9: events of one group have one group id.', async () => {
    const group = () => 'customer "7" with a name of any length and with any characters ü'.repeat(9)
    const [one, other, elsewhere] = await Promise.all([
      sentTo(anId(), { group }),
      sentTo(anId(), { group }),
      sentTo(anId(), { group: () => 'another' }),
    ])
    expect(one.MessageGroupId).toMatch(/^[\w-]{1,128}$/)
    expect(other.MessageGroupId).toBe(one.MessageGroupId)
    expect(elsewhere.MessageGroupId).not.toBe(one.MessageGroupId)
    expect(other.MessageDeduplicationId).not.toBe(one.MessageDeduplicationId)
  })

  test('W11: a group is refused for a standard queue, and so are options that cannot be right.', () => {
    expect(() => receiver(stripeSender, { group: () => 'a' })).toThrow('option "group" is a function')
    expect(() => receiver(stripeSender, { queueUrl: process.env.NO_SUCH_QUEUE })).toThrow('"queueUrl" is undefined')
    expect(() => receiver(stripeSender, { queueUrl: 'events' })).toThrow('option "queueUrl" is "events"')
    expect(() => receiver(stripeSender, { store: store() } as never)).toThrow('option "store" is not known')
  })
})
