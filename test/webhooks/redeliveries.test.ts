import { setTimeout as sleep } from 'node:timers/promises'
import { dynamoDbStore } from '../../lib/dynamodb/index.ts'
import { reconcile, transact } from '../../lib/effects/index.ts'
import { idempotent, storeEverything } from '../../lib/http/index.ts'
import type { HandlerClaim, IdempotencyEvent } from '../../lib/index.ts'
import {
  github,
  NotDoneError,
  release,
  type WebhookDelivery,
  type WebhookOptions,
  webhook,
} from '../../lib/webhooks/index.ts'
import { readWebhookSettings } from '../../lib/webhooks/options.ts'
import { freshTable, testClient } from '../support/dynamodb.ts'
import { contextWith, EVENT_KINDS, type TestEventKind } from '../support/http-events.ts'
import { type Answered, answered, counting, gate, patientRuntime, quietly } from '../support/http-harness.ts'
import { anId, arriving, SENDERS, senders, type TestSender, type Wire, withHeader } from './sender.ts'

let tableName: string
beforeAll(async () => {
  tableName = await freshTable()
})

const stripeSender = SENDERS.stripe as TestSender

interface Receiver {
  readonly events: IdempotencyEvent[]
  readonly deliver: (wire: Wire, kind?: TestEventKind) => Promise<Answered>
}

type Handle = (delivery: WebhookDelivery, claim: HandlerClaim | undefined) => unknown

const receiver = (
  handle: Handle,
  sender: TestSender = stripeSender,
  over: Partial<WebhookOptions<unknown>> = {},
): Receiver => {
  const events: IdempotencyEvent[] = []
  const handler = webhook(handle, {
    store: dynamoDbStore({ tableName, client: testClient() }),
    operation: 'events',
    tenant: 'single-tenant',
    provider: sender.provider,
    secrets: [sender.secret],
    observe: (event) => events.push(event),
    runtime: patientRuntime,
    ...over,
  })
  return { events, deliver: async (wire, kind) => answered(await handler(arriving(wire, kind), contextWith())) }
}

const sentBy = (sender: TestSender, id: string, over: Partial<Parameters<TestSender['send']>[0]> = {}): Wire =>
  sender.send({ secrets: [sender.secret], id, ...over })

const statusOf = ({ headers }: Answered): string | undefined => headers['idempotency-status']

describe.each(senders)('%s', (_, sender) => {
  test('W5: an event that is delivered twice runs once, and both deliveries get the first answer.', async () => {
    const seen: WebhookDelivery[] = []
    const { deliver } = receiver((delivery) => {
      seen.push(delivery)
      return { statusCode: 201, body: `run ${seen.length}` }
    }, sender)
    const id = anId()
    const first = await deliver(sentBy(sender, id))
    const second = await deliver(sentBy(sender, id, { at: Math.floor(Date.now() / 1_000) - 7 }))
    expect([first.statusCode, first.body, statusOf(first)]).toEqual([201, 'run 1', 'created'])
    expect([second.statusCode, second.body, statusOf(second)]).toEqual([201, 'run 1', 'replayed'])
    expect(seen.map(({ id, provider, event }) => [id, provider, event])).toEqual([
      [id, sender.provider.name, JSON.parse(sender.bodyOf(id))],
    ])
  })

  test('W6: a delivery whose body differs, under the same id, is a redelivery and no mismatch.', async () => {
    let runs = 0
    const { deliver } = receiver(() => void runs++, sender)
    const id = anId()
    const body = sender.bodyOf(id)
    const rewritten = JSON.stringify({ ...JSON.parse(body), pending_webhooks: 0 })
    expect((await deliver(sentBy(sender, id, { body }))).statusCode).toBe(200)
    expect(statusOf(await deliver(sentBy(sender, id, { body: rewritten })))).toBe('replayed')
    expect(runs).toBe(1)
  })
})

test('W5: 20 deliveries of one event at once run once; 19 are replays or are told to come again.', async () => {
  let runs = 0
  const { deliver } = receiver(async () => {
    runs++
    await sleep(20)
    return { statusCode: 200, body: 'booked' }
  })
  const id = anId()
  const kinds = Array.from({ length: 20 }, (_, index) => EVENT_KINDS[index % EVENT_KINDS.length] as TestEventKind)
  const answers = await Promise.all(kinds.map((kind) => deliver(sentBy(stripeSender, id), kind)))
  expect(runs).toBe(1)
  expect(answers.filter((answer) => statusOf(answer) === 'created')).toHaveLength(1)
  for (const answer of answers) expect([200, 409]).toContain(answer.statusCode)
  const late = await deliver(sentBy(stripeSender, id))
  expect([late.statusCode, late.body, runs]).toEqual([200, 'booked', 1])
})

test('W5: the same id on another path, with another method or through another front is the same event.', async () => {
  let runs = 0
  const handler = webhook(() => void runs++, {
    store: dynamoDbStore({ tableName, client: testClient() }),
    operation: 'events',
    tenant: 'single-tenant',
    provider: stripeSender.provider,
    secrets: [stripeSender.secret],
    runtime: patientRuntime,
  })
  const id = anId()
  const event = arriving(sentBy(stripeSender, id))
  await handler(event, contextWith())
  await handler({ ...event, rawPath: '/v2/hooks', routeKey: 'POST /v2/hooks' }, contextWith())
  await handler(arriving(sentBy(stripeSender, id), 'rest-api'), contextWith())
  expect(runs).toBe(1)
})

test('W5: two tenants, and two operations, may have the same id.', async () => {
  const runs: string[] = []
  const tenant = ({ headers }: { headers: Readonly<Record<string, string | undefined>> }) => headers['x-account'] ?? ''
  const id = anId()
  for (const operation of ['events', 'other-events']) {
    const { deliver } = receiver((delivery) => void runs.push(`${operation} ${tenant(delivery)}`), stripeSender, {
      operation,
      tenant,
    })
    for (const account of ['a', 'b', 'a']) await deliver(withHeader(sentBy(stripeSender, id), 'X-Account', account))
  }
  expect(runs).toEqual(['events a', 'events b', 'other-events a', 'other-events b'])
})

test('W6: the option payload says what has to be the same: another amount under one id is 422.', async () => {
  const payload = ({ event }: WebhookDelivery) => (event as { amount: number }).amount
  const { deliver } = receiver(() => {}, stripeSender, { payload })
  const id = anId()
  const paying = (amount: number, note: string) =>
    sentBy(stripeSender, id, { body: JSON.stringify({ id, amount, note }) })
  expect(statusOf(await deliver(paying(1, 'a')))).toBe('created')
  expect(statusOf(await deliver(paying(1, 'b')))).toBe('replayed')
  const other = await deliver(paying(2, 'a'))
  expect([other.statusCode, JSON.parse(other.body).code]).toEqual([422, 'key-reused'])
})

test.each([
  [undefined, 409],
  [409, 409],
  [202, 202],
] as const)(
  'W7: while an event is handled, duplicateInProgress: %p answers its redelivery with %d.',
  async (choice, status) => {
    const [running, ending] = [gate(), gate()]
    const { deliver } = receiver(
      async () => {
        running.open()
        await ending.opened
      },
      stripeSender,
      { duplicateInProgress: choice },
    )
    const id = anId()
    const first = deliver(sentBy(stripeSender, id))
    await running.opened
    const second = await deliver(sentBy(stripeSender, id), 'alb')
    ending.open()
    expect([second.statusCode, (await first).statusCode]).toEqual([status, 200])
    if (status === 409) expect(Number(second.headers['retry-after'])).toBeGreaterThan(0)
    else expect(second).toMatchObject({ body: '', isBase64Encoded: false })
  },
)

describe('What the handler does', () => {
  test.each(EVENT_KINDS)(
    'W5: if it answers nothing, the sender behind %s gets 200, and so does a redelivery.',
    async (kind) => {
      for (const returned of [undefined, null, 'done', { booked: true }]) {
        const { deliver } = receiver(() => returned)
        const id = anId()
        const answers = [await deliver(sentBy(stripeSender, id), kind), await deliver(sentBy(stripeSender, id), kind)]
        expect(answers.map(({ statusCode, body }) => [statusCode, body])).toEqual([
          [200, ''],
          [200, ''],
        ])
      }
    },
  )

  test('An error abandons the event, and the next delivery runs it again; NotDoneError and release give it back.', async () => {
    const id = anId()
    const ends: Handle[] = [
      () => Promise.reject(new Error('lost')),
      () => Promise.reject(new NotDoneError('too early')),
      () => release({ note: 'not yet' }),
      () => ({ statusCode: 404, body: 'unknown order' }),
      () => ({ statusCode: 200, body: 'booked' }),
    ]
    const statuses: unknown[] = []
    for (const end of ends) {
      const { deliver } = receiver(end)
      statuses.push(await deliver(sentBy(stripeSender, id)).then(statusOf, ({ message }: Error) => message))
    }
    expect(statuses).toEqual(['lost', 'too early', 'abandoned', 'abandoned', 'created'])
  })

  test('The option outcomes decides which answers are kept.', async () => {
    let runs = 0
    const { deliver } = receiver(() => ({ statusCode: 500, body: `${++runs}` }), stripeSender, {
      outcomes: storeEverything,
    })
    const id = anId()
    await deliver(sentBy(stripeSender, id))
    expect((await deliver(sentBy(stripeSender, id))).body).toBe('1')
  })

  test('A reconcile function is asked about the delivery, and what it reports is the answer.', async () => {
    const asked: unknown[] = []
    const abandoned = reconcile<WebhookDelivery>(({ id, event }) => {
      asked.push(id, (event as { type: string }).type)
      return { done: undefined }
    })
    const { deliver } = receiver(() => Promise.reject(new Error('lost')), stripeSender, { abandoned })
    const id = anId()
    await expect(deliver(sentBy(stripeSender, id))).rejects.toThrow('lost')
    expect((await deliver(sentBy(stripeSender, id), 'rest-api')).statusCode).toBe(200)
    expect(asked).toEqual([id, 'invoice.paid'])
  })

  test('What it commits with transact is the answer, also if that is nothing.', async () => {
    const rows = await freshTable()
    const { deliver } = receiver((_delivery, claim) =>
      transact(claim, [{ Put: { TableName: rows, Item: { pk: { S: anId() } } } }], undefined),
    )
    const id = anId()
    expect((await deliver(sentBy(stripeSender, id), 'rest-api')).statusCode).toBe(200)
    expect(statusOf(await deliver(sentBy(stripeSender, id), 'rest-api'))).toBe('replayed')
  })
})

describe('The id', () => {
  test('An event without an id is 400, before any call of the store.', async () => {
    const { store, calls } = counting(dynamoDbStore({ tableName, client: testClient() }))
    for (const body of ['{}', '{"id":""}', '{"id":null}', '[]', 'null', '"text"', 'no JSON', '']) {
      const { deliver } = receiver(() => {}, stripeSender, { store })
      const answer = await deliver(sentBy(stripeSender, 'x', { body }))
      expect([body, answer.statusCode, JSON.parse(answer.body).code]).toEqual([body, 400, 'key-missing'])
    }
    expect(calls).toEqual([])
  })

  test.each(['{"a":1}', '[1]', 'true', '1.5'])('An id of another type is 400: %s', async (id) => {
    const { deliver } = receiver(() => {})
    const answer = await deliver(sentBy(stripeSender, 'x', { body: `{"id":${id}}` }))
    expect([answer.statusCode, JSON.parse(answer.body)]).toEqual([
      400,
      expect.objectContaining({
        code: 'key-invalid',
        detail: expect.stringContaining('the member "id" must be a text'),
      }),
    ])
  })

  test('An id may be a whole number; one that is too long is refused.', async () => {
    const { deliver } = receiver(({ id }) => ({ statusCode: 200, body: id }))
    const number = Date.now()
    expect((await deliver(sentBy(stripeSender, 'x', { body: `{"id":${number}}` }))).body).toBe(String(number))
    const long = await deliver(sentBy(stripeSender, 'x'.repeat(256)))
    expect([long.statusCode, JSON.parse(long.body).code]).toEqual([400, 'key-invalid'])
  })

  test('W5: the option key may take a digest of the signed body, where the id is not signed.', async () => {
    const sender = SENDERS.github as TestSender
    let runs = 0
    const { deliver } = receiver(() => void runs++, sender, { key: ({ body }) => `push ${body}` })
    const body = JSON.stringify({ at: anId() })
    await deliver(sentBy(sender, anId(), { body }))
    await deliver(sentBy(sender, anId(), { body })) // a replay by an attacker, under another id
    expect(runs).toBe(1)
  })

  test('A tenant that cannot be found is 500; an error that is meant for the sender has its own status.', async () => {
    const unknown = receiver(() => {}, stripeSender, { tenant: () => undefined })
    expect((await quietly(() => unknown.deliver(sentBy(stripeSender, anId())))).statusCode).toBe(500)
    const gone = Object.assign(new Error('This shop has left'), { expose: true, statusCode: 410 })
    const left = receiver(() => {}, stripeSender, { tenant: () => gone })
    const answer = await left.deliver(sentBy(stripeSender, anId()))
    expect([answer.statusCode, JSON.parse(answer.body).detail]).toEqual([410, 'This shop has left'])
  })
})

describe('Deliveries that only check the endpoint', () => {
  const untouched = () => {
    const { store, calls } = counting(dynamoDbStore({ tableName, client: testClient() }))
    return { over: { store }, calls }
  }

  test.each(EVENT_KINDS)(
    "W8: Slack's url_verification gets its challenge from %s, without a run and a claim.",
    async (kind) => {
      const sender = SENDERS.slack as TestSender
      const { over, calls } = untouched()
      let runs = 0
      const { deliver } = receiver(() => void runs++, sender, over)
      const body =
        '{"token":"x","challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P","type":"url_verification"}'
      const answer = await deliver(sentBy(sender, '', { body }), kind)
      expect([answer.statusCode, answer.body, answer.headers['content-type']]).toEqual([
        200,
        '3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P',
        'text/plain',
      ])
      expect([runs, calls]).toEqual([0, []])
    },
  )

  test("W8: GitHub's ping is answered without a run, and only if its signature is right.", async () => {
    const sender = SENDERS.github as TestSender
    const { over, calls } = untouched()
    let runs = 0
    const { deliver } = receiver(() => void runs++, sender, over)
    const ping = (secret: string) =>
      withHeader(sender.send({ secrets: [secret], id: anId() }), 'X-GitHub-Event', 'ping')
    expect((await deliver(ping(sender.secret))).statusCode).toBe(200)
    expect((await deliver(ping('wrong'))).statusCode).toBe(401)
    expect([runs, calls]).toEqual([0, []])
  })
})

test.each(senders)(
  'W5: a record of %s is kept a day longer than the sender may deliver an event again.',
  (_, { provider, secret }) => {
    const options = { store: dynamoDbStore({ tableName }), operation: 'events', tenant: 'single-tenant' } as const
    const kept = (over: object = {}): number =>
      readWebhookSettings('test', { ...options, provider, secrets: [secret], ...over }).http.core.retention
    expect(kept()).toBe((provider.redeliversForSeconds + 86_400) * 1_000)
    const again = provider.redeliversForSeconds
    expect(kept({ retentionSeconds: again })).toBe(again * 1_000)
    expect(() => kept({ retentionSeconds: again - 1 })).toThrow(
      `"retentionSeconds" is ${again - 1}; it must be at least ${again}: ${provider.name} may deliver`,
    )
  },
)

test('W11: options of other entries, and options that cannot be right, are refused by their names.', () => {
  const options = {
    store: dynamoDbStore({ tableName }),
    operation: 'events',
    tenant: 'single-tenant',
    provider: github,
    secrets: ['s'],
  }
  const build = (over: object) => () => webhook(() => {}, { ...options, ...over } as never)
  for (const [option, value] of Object.entries({
    missingKey: 'pass',
    inProgress: 'reject',
    otherEvents: 'pass',
    methods: ['POST'],
    route: (): string => '/',
    likelyReplay: (): boolean => true,
    cors: { addTo: () => [] },
    duplicateInProgress: 200,
    key: { header: 'strict' },
    provider: 'stripe',
    secrets: 'secret',
    tenant: undefined,
  })) {
    expect(build({ [option]: value })).toThrow(`option "${option}" is`)
  }
  expect(build({ noSuchOption: 1 })).not.toThrow('missingKey')
  expect(() => webhook(undefined as never, options as never)).toThrow('option "handler" must be a function')
  expect(() => webhook(() => {}, null as never)).toThrow('must be an object')
})

test('W5: an event id and the key of an HTTP request never share a record.', async () => {
  const id = anId()
  const store = dynamoDbStore({ tableName, client: testClient() })
  const { deliver } = receiver(() => {})
  await deliver(sentBy(stripeSender, id))
  const handler = idempotent(async () => ({ statusCode: 201, body: '' }), {
    store,
    operation: 'events',
    tenant: 'single-tenant',
    runtime: patientRuntime,
  })
  const event = arriving({ headers: [['Idempotency-Key', id]], body: '{}' })
  expect(statusOf(answered(await handler(event, contextWith())))).toBe('created')
})
