import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { type IdempotencyEvent, StoreUnavailableError } from '../../lib/index.ts'
import { NotDoneError, type SqsOptions, sqsHandler, TerminalError } from '../../lib/sqs/index.ts'
import { freshTable } from '../support/dynamodb.ts'
import {
  aContext,
  aGate,
  anEvent,
  aRecord,
  fakeSqs,
  movedTo,
  type Order,
  orderOptions,
  type RecordParts,
  redelivered,
  returned,
  type Sent,
} from '../support/sqs.ts'

const DEAD_LETTERS = 'https://sqs.us-east-1.amazonaws.com/123456789012/orders-dead.fifo'

let tableName: string
beforeAll(async () => {
  tableName = await freshTable()
})

const inGroup = (group: string, ...ids: string[]) => ids.map((id) => aRecord(id, { group }))

test('F3: the first failure of a group returns that message and those after it, without a claim or a run; another group goes on.', async () => {
  const options = orderOptions(tableName)
  const runs: string[] = []
  const handler = sqsHandler<Order>(({ body: { orderId } }) => {
    runs.push(orderId)
    if (orderId === 'b' && runs.filter((id) => id === 'b').length === 1) throw new Error('b fails')
  }, options)
  const [a, b, c, d] = inGroup('g', 'a', 'b', 'c', 'd')
  const [x, y, z] = inGroup('h', 'x', 'y', 'z')
  const event = anEvent(...[a, x, b, y, c, z, d].flatMap((record) => record ?? []))
  expect(returned(await handler(event, aContext()))).toEqual(['b', 'c', 'd'])
  expect(runs.filter((id) => 'abcd'.includes(id))).toEqual(['a', 'b'])
  expect(runs.filter((id) => 'xyz'.includes(id))).toEqual(['x', 'y', 'z'])
  expect(options.events.filter(({ type }) => type === 'claimed')).toHaveLength(5)

  const again = redelivered(anEvent(...[b, c, d].flatMap((record) => record ?? [])))
  expect(returned(await handler(again, aContext()))).toEqual([])
  expect(runs.filter((id) => 'abcd'.includes(id))).toEqual(['a', 'b', 'b', 'c', 'd'])
})

test('Messages of one group run one at a time, in order; groups run in parallel.', async () => {
  const running = new Map<string, number>()
  const order: Record<string, string[]> = {}
  let groupsAtOnce = 0
  const handler = sqsHandler<Order>(async ({ body: { orderId }, attributes: { MessageGroupId = '' } }) => {
    running.set(MessageGroupId, (running.get(MessageGroupId) ?? 0) + 1)
    expect(running.get(MessageGroupId)).toBe(1)
    groupsAtOnce = Math.max(groupsAtOnce, running.size)
    await sleep(Math.random() * 10)
    running.delete(MessageGroupId)
    order[MessageGroupId] = [...(order[MessageGroupId] ?? []), orderId]
  }, orderOptions(tableName))
  const records = Array.from({ length: 40 }, (_, index) =>
    aRecord(`o-${String(index).padStart(2, '0')}`, { group: `g-${index % 4}` }),
  )
  expect(returned(await handler(anEvent(...records), aContext()))).toEqual([])
  expect(groupsAtOnce).toBe(4)
  for (const ids of Object.values(order)) {
    expect(ids).toHaveLength(10)
    expect(ids).toEqual([...ids].sort())
  }
})

test('Groups that share keys crosswise cause no deadlock, even with concurrency 1.', async () => {
  const runs: string[] = []
  const handler = sqsHandler<Order>(({ body }) => void runs.push(body.orderId), {
    ...orderOptions(tableName),
    concurrency: 1,
  })
  const message = (messageId: string, orderId: string, group: string) => aRecord(orderId, { messageId, group })
  const event = anEvent(
    message('1', 'k1', 'g'),
    message('2', 'k2', 'h'),
    message('3', 'k2', 'g'),
    message('4', 'k1', 'h'),
  )
  expect(returned(await handler(event, aContext()))).toEqual([])
  expect(runs).toEqual(['k1', 'k2'])
})

test.each([
  ['a body that does not parse', (b: ReturnType<typeof aRecord>) => ({ ...b, body: '{' })],
  ['a missing key', (b: ReturnType<typeof aRecord>) => ({ ...b, body: '{}' })],
])('F3, F9: %s returns the messages after it too.', async (_, broken) => {
  const runs: string[] = []
  const handler = sqsHandler<Order>(({ body }) => void runs.push(body.orderId), orderOptions(tableName))
  const records = ['a', 'b', 'c'].map((id) => aRecord(id, { group: 'g' }))
  const event = anEvent(...records.map((record) => (record.messageId === 'b' ? broken(record) : record)))
  expect(returned(await handler(event, aContext()))).toEqual(['b', 'c'])
  expect(runs).toEqual(['a'])
})

test('Group ids of a standard queue (fair queues) imply no order.', async () => {
  const handler = sqsHandler<Order>(({ body }) => {
    if (body.orderId === 'a') throw new Error('a fails')
  }, orderOptions(tableName))
  const records = inGroup('g', 'a', 'b').map((record) => ({ ...record, eventSourceARN: aRecord('x').eventSourceARN }))
  expect(returned(await handler(anEvent(...records), aContext()))).toEqual(['a'])
})

const sendsOf = ({ sent }: { sent: readonly Sent[] }) =>
  sent.filter(({ command }) => command === 'SendMessageCommand').map(({ input }) => input)

const withDeadLetter = (sqs: ReturnType<typeof fakeSqs>) =>
  orderOptions(tableName, { maxRuns: 2, sqs, deadLetter: { queueUrl: DEAD_LETTERS } })

test('F10: poison on a FIFO queue goes to the dead-letter queue with its reason, and the messages after it still run.', async () => {
  const sqs = fakeSqs()
  const options = withDeadLetter(sqs)
  const runs: string[] = []
  const handler = sqsHandler<Order>(({ body: { orderId } }) => {
    runs.push(orderId)
    if (orderId === 'bad') throw new Error('always')
  }, options)
  const bad = aRecord('bad', {
    group: 'g',
    messageAttributes: {
      trace: { dataType: 'String', stringValue: 't-1' },
      blob: { dataType: 'Binary', binaryValue: 'AQI=' },
    },
  })
  const event = anEvent(bad, aRecord('next', { group: 'g' }))
  expect(returned(await handler(event, aContext()))).toEqual(['bad', 'next'])
  expect(returned(await handler(event, aContext()))).toEqual(['bad', 'next'])
  expect(returned(await handler(event, aContext()))).toEqual([])
  expect(runs).toEqual(['bad', 'bad', 'next'])
  const poisoned = options.events.find(({ type }) => type === 'poisoned')
  expect(poisoned).toMatchObject({ messageId: 'bad', attempt: 3, generation: 1 })
  expect(sendsOf(sqs)).toEqual([
    {
      QueueUrl: DEAD_LETTERS,
      MessageBody: bad.body,
      MessageGroupId: 'g',
      MessageDeduplicationId: 'bad',
      MessageAttributes: {
        'lambda-once-reason': { DataType: 'String', StringValue: 'poison' },
        trace: { DataType: 'String', StringValue: 't-1' },
        blob: { DataType: 'Binary', BinaryValue: Buffer.of(1, 2) },
        'lambda-once-record': {
          DataType: 'String',
          StringValue: (poisoned as unknown as { recordKey: string }).recordKey,
        },
      },
    },
  ])
  // The acknowledgement was lost. The record is FAILED, so the message neither runs nor blocks its group.
  expect(returned(await handler(redelivered(event), aContext()))).toEqual([])
  expect(runs).toEqual(['bad', 'bad', 'next'])
  expect(sendsOf(sqs)).toHaveLength(2)
})

test('F10: if the dead-letter queue cannot be reached, nothing is lost: poison stays in its queue and is sent again later.', async () => {
  const denied = fakeSqs(['SendMessageCommand'])
  const options = withDeadLetter(denied)
  let runs = 0
  const fails = (): never => {
    runs++
    throw new Error('always')
  }
  const handler = sqsHandler<Order>(fails, options)
  const event = anEvent(aRecord('bad', { group: 'g' }))
  for (let delivery = 1; delivery <= 4; delivery++) {
    expect(returned(await handler(event, aContext()))).toEqual(['bad'])
  }
  expect(runs).toBe(2)
  expect(options.events.filter(({ type }) => type === 'queueFailed')).toHaveLength(2)
  const open = fakeSqs()
  const later = sqsHandler<Order>(fails, { ...options, sqs: open })
  expect(returned(await later(event, aContext()))).toEqual([])
  expect(runs).toBe(2)
  expect(sendsOf(open)).toHaveLength(1)
})

test('F10: a dead letter that could not be sent is no run: with a higher maxRuns the message runs again.', async () => {
  const options = { ...withDeadLetter(fakeSqs(['SendMessageCommand'])), maxRuns: 1 }
  let runs = 0
  const fails = (): never => {
    runs++
    throw new Error('always')
  }
  const event = anEvent(aRecord('bad', { group: 'g' }))
  for (let delivery = 1; delivery <= 3; delivery++) await sqsHandler<Order>(fails, options)(event, aContext())
  expect(runs).toBe(1)
  const higher = sqsHandler<Order>(fails, { ...options, maxRuns: 2 })
  await higher(event, aContext())
  expect(runs).toBe(2)
  await higher(event, aContext())
  expect(runs).toBe(2)
})

test('A message whose handler throws TerminalError goes from a FIFO queue to the dead-letter queue at once, and the messages after it run.', async () => {
  const sqs = fakeSqs()
  const runs: string[] = []
  const handler = sqsHandler<Order>(({ body: { orderId } }) => {
    runs.push(orderId)
    if (orderId === 'bad') throw new TerminalError('never')
  }, withDeadLetter(sqs))
  expect(returned(await handler(anEvent(...inGroup('g', 'bad', 'next')), aContext()))).toEqual([])
  expect(runs).toEqual(['bad', 'next'])
  expect(sendsOf(sqs).map(({ MessageAttributes }) => MessageAttributes)).toMatchObject([
    { 'lambda-once-reason': { StringValue: 'failed' } },
  ])
})

const reasonsOf = (sqs: ReturnType<typeof fakeSqs>) =>
  sendsOf(sqs).map(({ MessageAttributes }) =>
    Object.fromEntries(
      Object.entries(MessageAttributes as Record<string, { StringValue: string }>).map(([name, value]) => [
        name.replace('lambda-once-', ''),
        value.StringValue,
      ]),
    ),
  )

const mismatched = (messageId = 'other') =>
  aRecord('a', { messageId, group: 'g', body: '{"orderId":"a","quantity":2}' })

test('F10: a mismatch with a settled record goes to the dead-letter queue, and the messages after it run.', async () => {
  const sqs = fakeSqs()
  const options = withDeadLetter(sqs)
  const runs: string[] = []
  const handler = sqsHandler<Order>(({ messageId }) => {
    runs.push(messageId)
    if (messageId === 'final') throw new TerminalError('never')
  }, options)
  const event = anEvent(
    ...inGroup('g', 'a'),
    mismatched(),
    ...inGroup('g', 'final'),
    aRecord('final', { messageId: 'after final', group: 'g', body: '{"orderId":"final","quantity":2}' }),
    ...inGroup('g', 'next'),
  )
  expect(returned(await handler(event, aContext()))).toEqual([])
  expect(runs).toEqual(['a', 'final', 'next'])
  const records = options.events.flatMap((event) => (event.type === 'mismatched' ? [event.recordKey] : []))
  expect(reasonsOf(sqs)).toMatchObject([
    { reason: 'mismatch', record: records[0] },
    { reason: 'failed' },
    { reason: 'mismatch', record: records[1] },
  ])
  // The acknowledgement was lost.
  expect(returned(await handler(redelivered(anEvent(mismatched())), aContext()))).toEqual([])
  expect(runs).toHaveLength(3)
})

test('F10: a mismatch with an abandoned record goes there too, because the record keeps its payload.', async () => {
  const sqs = fakeSqs()
  const handler = sqsHandler<Order>(() => {
    throw new Error('in doubt')
  }, withDeadLetter(sqs))
  expect(returned(await handler(anEvent(aRecord('a', { group: 'h' })), aContext()))).toEqual(['a'])
  expect(returned(await handler(anEvent(mismatched()), aContext()))).toEqual([])
  expect(reasonsOf(sqs)).toMatchObject([{ reason: 'mismatch' }])
})

test.each([
  ['released: it runs', new NotDoneError('not yet'), ['a', 'other'], []],
  ['completed: it goes to the dead-letter queue', undefined, ['a'], ['mismatch']],
])('A mismatch with a run in progress stays in its queue until that run is %s.', async (_, error, runs, reasons) => {
  const sqs = fakeSqs()
  const options = { ...withDeadLetter(sqs), visibility: 'move' as const }
  const [started, gate] = [aGate(), aGate()]
  const seen: string[] = []
  const handler = sqsHandler<Order>(async ({ messageId }) => {
    seen.push(messageId)
    if (messageId !== 'a') return
    started.open()
    await gate.opened
    if (error !== undefined) throw error
  }, options)
  const owning = handler(anEvent(aRecord('a', { group: 'h' })), aContext())
  await started.opened
  expect(returned(await handler(anEvent(mismatched()), aContext()))).toEqual(['other'])
  expect(movedTo(sqs).other).toBeGreaterThan(1)
  expect(sendsOf(sqs)).toEqual([])
  gate.open()
  await owning
  expect(returned(await handler(redelivered(anEvent(mismatched())), aContext()))).toEqual([])
  expect(seen).toEqual(runs)
  expect(reasonsOf(sqs).map(({ reason }) => reason)).toEqual(reasons)
})

test.each<[string, string, Partial<SqsOptions<Order>>, Partial<RecordParts>]>([
  ['no JSON', 'body', {}, { body: 'not json' }],
  [
    'a body that the validator refuses',
    'body',
    { parse: z.object({ orderId: z.string(), at: z.string().optional() }) },
    { body: '{"at":"x"}' },
  ],
  [
    'a body that an asynchronous validator refuses',
    'body',
    { parse: z.object({ orderId: z.string().refine(async (text) => text !== 'bad') }) },
    {},
  ],
  ['no key', 'key', {}, { body: '{}' }],
  ['a key function that throws', 'key', { key: (order) => order.orderId.trim() }, { body: '{}' }],
  ['no tenant', 'tenant', { tenant: ({ messageId }) => (messageId === 'bad' ? undefined : 'acme') }, {}],
  ['a payload without a form', 'payload', { payload: ({ body }) => (body.orderId === 'bad' ? new Map() : 1) }, {}],
])(
  'F10: a message with %s goes to the dead-letter queue with the name of the unusable part.',
  async (_, part, more, parts) => {
    const sqs = fakeSqs()
    const options = { ...withDeadLetter(sqs), ...more }
    const events: IdempotencyEvent[] = []
    const runs: string[] = []
    const handler = sqsHandler<Order>(({ messageId }) => void runs.push(messageId), {
      ...options,
      observe: (event) => events.push(event),
    })
    expect(
      returned(await handler(anEvent(aRecord('bad', { group: 'g', ...parts }), ...inGroup('g', 'next')), aContext())),
    ).toEqual([])
    expect(runs).toEqual(['next'])
    expect(reasonsOf(sqs)).toEqual([{ reason: 'unusable', part }])
    expect(events.filter(({ type }) => type === 'unusable')).toHaveLength(1)
  },
)

test('F10: a message whose asynchronous parse rejects is delivered maxRuns times before it goes to the dead-letter queue: a download may fail.', async () => {
  const sqs = fakeSqs()
  const runs: string[] = []
  const handler = sqsHandler<Order>(({ messageId }) => void runs.push(messageId), {
    ...withDeadLetter(sqs), // maxRuns: 2
    parse: async (text) => {
      if (text.includes('bad')) throw new TypeError('fetch failed')
      return JSON.parse(text)
    },
  })
  const event = anEvent(...inGroup('g', 'bad', 'next'))
  expect(returned(await handler(event, aContext()))).toEqual(['bad', 'next'])
  expect(returned(await handler(redelivered(event), aContext()))).toEqual(['bad', 'next'])
  expect(sendsOf(sqs)).toEqual([])
  expect(returned(await handler(redelivered(redelivered(event)), aContext()))).toEqual([])
  expect(runs).toEqual(['next'])
  expect(reasonsOf(sqs)).toEqual([{ reason: 'unusable', part: 'body' }])
})

test('F3: an unusable message after a failure of its group, and a message that the dead-letter queue refuses, stay in order.', async () => {
  const sqs = fakeSqs()
  const failing = sqsHandler<Order>(({ body }) => {
    if (body.orderId === 'a') throw new Error('a fails')
  }, withDeadLetter(sqs))
  const broken = aRecord('broken', { group: 'g', body: '{' })
  const event = anEvent(...inGroup('g', 'a'), broken, ...inGroup('g', 'c'))
  expect(returned(await failing(event, aContext()))).toEqual(['a', 'broken', 'c'])
  expect(sendsOf(sqs)).toEqual([])

  const denied = sqsHandler<Order>(() => {}, withDeadLetter(fakeSqs(['SendMessageCommand'])))
  const mixed = anEvent(broken, ...inGroup('g', 'c'), ...inGroup('h', 'd'))
  expect(returned(await denied(mixed, aContext()))).toEqual(['broken', 'c'])
})

test('F12: a message that goes to the dead-letter queue does not count as an answer of the store.', async () => {
  const sqs = fakeSqs()
  const options = withDeadLetter(sqs)
  const store = { ...options.store, claim: () => Promise.reject(new StoreUnavailableError('down')) }
  const handler = sqsHandler<Order>(() => {}, { ...options, store })
  const event = anEvent(aRecord('broken', { group: 'g', body: '{' }), ...inGroup('g', 'a'))
  await expect(handler(event, aContext())).rejects.toBeInstanceOf(StoreUnavailableError)
})

test('SQS takes ten message attributes: those of the message stay, because its key may be one of them.', async () => {
  const sqs = fakeSqs()
  const handler = sqsHandler<Order>(() => {
    throw new TerminalError('never')
  }, withDeadLetter(sqs))
  const messageAttributes = Object.fromEntries(
    Array.from({ length: 10 }, (_, index) => [`a-${index}`, { dataType: 'String', stringValue: 'x' }]),
  )
  await handler(anEvent(aRecord('bad', { group: 'g', messageAttributes })), aContext())
  const names = Object.keys((sendsOf(sqs)[0]?.MessageAttributes ?? {}) as object)
  expect(names).toEqual(Object.keys(messageAttributes))
})

test('A message that is dead-lettered, redriven and dead-lettered again has the reason of the last time.', async () => {
  const sqs = fakeSqs()
  const handler = sqsHandler<Order>(() => {
    throw new TerminalError('never')
  }, withDeadLetter(sqs))
  const messageAttributes = {
    trace: { dataType: 'String', stringValue: 't-1' },
    'lambda-once-reason': { dataType: 'String', stringValue: 'poison' },
    'lambda-once-record': { dataType: 'String', stringValue: 'old' },
    'lambda-once-part': { dataType: 'String', stringValue: 'body' },
  }
  await handler(anEvent(aRecord('bad', { group: 'g', messageAttributes })), aContext())
  expect(sendsOf(sqs).map(({ MessageAttributes }) => MessageAttributes)).toEqual([
    {
      trace: { DataType: 'String', StringValue: 't-1' },
      'lambda-once-reason': { DataType: 'String', StringValue: 'failed' },
      'lambda-once-record': { DataType: 'String', StringValue: expect.stringMatching(/^orders-/) },
    },
  ])
})

test.each([
  ['has succeeded', async () => {}, []],
  ['is still in progress', () => new Promise(() => {}), ['a']],
])(
  'A6: an owner that lost its claim and then throws TerminalError sends nothing to the dead-letter queue if the other run %s.',
  async (_, run, back) => {
    const sqs = fakeSqs()
    const options = orderOptions(tableName, { marginSeconds: 0, sqs, deadLetter: { queueUrl: DEAD_LETTERS } })
    const [gate, started, taken] = [aGate(), aGate(), aGate()]
    const stalled = sqsHandler<Order>(async () => {
      started.open()
      await gate.opened
      throw new TerminalError('card expired')
    }, options)
    const event = anEvent(aRecord('a', { group: 'g' }))
    const stalling = stalled(event, aContext(2_000))
    await started.opened
    await sleep(4_500) // the lease has ended, even though the Date header counts in whole seconds
    const other = sqsHandler<Order>(() => {
      taken.open()
      return run()
    }, options)
    const others = other(redelivered(event), aContext())
    await taken.opened
    if (back.length === 0) expect(returned(await others)).toEqual([])
    gate.open()
    expect(returned(await stalling)).toEqual(back)
    expect(sqs.sent).toEqual([])
    expect(options.events.map(({ type }) => type)).toContain('lost')
  },
)
