import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import middy from '@middy/core'
import { deriveRecordKey, type Runtime, type Store, StoreUnavailableError } from '../../lib/index.ts'
import { NotDoneError, type SqsBatchResponse, type SqsEvent, sqsHandler, TerminalError } from '../../lib/sqs/index.ts'
import { freshTable, readItem } from '../support/dynamodb.ts'
import { patientRuntime } from '../support/http-harness.ts'
import {
  aContext,
  aGate,
  anEvent,
  aRecord,
  aTimedContext,
  fakeSqs,
  movedTo,
  type Order,
  orderOptions,
  redelivered,
  returned,
} from '../support/sqs.ts'

let tableName: string
beforeAll(async () => {
  tableName = await freshTable()
})

test('F1: a message whose record is SUCCEEDED is acknowledged without a run.', async () => {
  let runs = 0
  const handler = sqsHandler<Order>(() => void runs++, orderOptions(tableName))
  const event = anEvent(aRecord('a'))
  expect(await handler(event, aContext())).toEqual({ batchItemFailures: [] })
  expect(await handler(redelivered(event), aContext())).toEqual({ batchItemFailures: [] })
  expect(await handler(anEvent(aRecord('a', { messageId: 'another message' })), aContext())).toEqual({
    batchItemFailures: [],
  })
  expect(runs).toBe(1)
})

test('F2: of [a, b fails, c] on a standard queue only b is returned, and its redelivery runs b only.', async () => {
  const runs: string[] = []
  const handler = sqsHandler<Order>(({ body }) => {
    runs.push(body.orderId)
    if (body.orderId === 'b' && runs.length <= 3) throw new Error('b fails')
  }, orderOptions(tableName))
  const event = anEvent(aRecord('a'), aRecord('b'), aRecord('c'))
  expect(returned(await handler(event, aContext()))).toEqual(['b'])
  expect(returned(await handler(redelivered(event), aContext()))).toEqual([])
  expect(runs.sort()).toEqual(['a', 'b', 'b', 'c'])
})

test('F4: the same key twice in one batch is one run, and both succeed.', async () => {
  let runs = 0
  const options = orderOptions(tableName)
  const handler = sqsHandler<Order>(async () => {
    runs++
    await sleep(30)
  }, options)
  const event = anEvent(aRecord('a'), aRecord('a', { messageId: 'twin' }), aRecord('a', { messageId: 'triplet' }))
  expect(returned(await handler(event, aContext()))).toEqual([])
  expect(runs).toBe(1)
  expect(options.events.filter(({ type }) => type === 'conflicted')).toEqual([])
})

test('F4: a second message with the same key does not run unprotected if the store goes down after the first.', async () => {
  const options = orderOptions(tableName, { storeDown: 'dangerouslyRunUnprotected' })
  let claims = 0
  const store: Store = {
    ...options.store,
    claim: (...args) =>
      ++claims === 1 ? options.store.claim(...args) : Promise.reject(new StoreUnavailableError('down')),
    settle: (...args) =>
      claims === 1 ? options.store.settle(...args) : Promise.reject(new StoreUnavailableError('down')),
  }
  let runs = 0
  const handler = sqsHandler<Order>(() => void runs++, { ...options, store })
  const twins = anEvent(aRecord('a'), aRecord('a', { messageId: 'twin' }), aRecord('b'))
  expect(returned(await handler(twins, aContext()))).toEqual(['twin'])
  expect([runs, claims]).toEqual([2, 3]) // no run of the other message is known, so it runs
})

test('After a message has failed, another message of the batch with the same key is returned without a run.', async () => {
  let runs = 0
  const handler = sqsHandler<Order>(() => {
    runs++
    throw new Error('down')
  }, orderOptions(tableName))
  const event = anEvent(aRecord('a'), aRecord('a', { messageId: 'twin' }))
  expect(returned(await handler(event, aContext()))).toEqual(['a', 'twin'])
  expect(runs).toBe(1)
})

test('F5, B2: a message in progress elsewhere is returned, becomes visible after the time left, and is then processed.', async () => {
  const gate = aGate()
  const sqs = fakeSqs()
  const runs: string[] = []
  const options = orderOptions(tableName, { visibility: 'move', sqs, marginSeconds: 0 })
  // The owner hangs: its claim holds until its lease ends, 3 seconds from now.
  const started = aGate()
  const owner = sqsHandler<Order>(async () => {
    started.open()
    await gate.opened
  }, options)
  const owning = owner(anEvent(aRecord('a')), aContext(2_000))
  await started.opened

  const other = sqsHandler<Order>(({ body }) => void runs.push(body.orderId), options)
  const event = redelivered(anEvent(aRecord('a'), aRecord('b')))
  expect(returned(await other(event, aContext()))).toEqual(['a'])
  const seconds = movedTo(sqs).a as number
  expect(seconds).toBeGreaterThanOrEqual(1)
  expect(seconds).toBeLessThanOrEqual(5)
  expect(sqs.sent.filter(({ command }) => command === 'GetQueueUrlCommand')).toEqual([
    { command: 'GetQueueUrlCommand', input: { QueueName: 'orders', QueueOwnerAWSAccountId: '123456789012' } },
  ])

  await sleep(seconds * 1_000)
  const answers = await Promise.all([other(event, aContext()), other(event, aContext()), other(event, aContext())])
  expect(answers.filter((answer) => returned(answer).length === 0).length).toBeGreaterThanOrEqual(1)
  expect(runs.filter((orderId) => orderId === 'a')).toEqual(['a'])

  // A6: the first owner finishes late, and changes nothing.
  gate.open()
  expect(returned(await owning)).toEqual([])
  expect(options.events.filter(({ type }) => type === 'lost')).toHaveLength(1)
})

test.each([
  { left: 30_000, budgets: [2_000, 2_000] },
  { left: 3_000, budgets: [2_000, 900] }, // the first call takes 1.8 s, and the answer needs 0.3 s
  { left: 2_200, budgets: [1_900, 100] },
  { left: 2_050, budgets: [1_750] },
  { left: 250, budgets: [] },
])('With $left ms left of the invocation, calls to SQS have time limits of $budgets ms.', async (given) => {
  const context = aTimedContext(given.left)
  const budgets: number[] = []
  let budget = 0
  const { sent, send } = fakeSqs()
  const sqs = {
    send: (command: object) => {
      budgets.push(budget)
      context.pass(1_800)
      return send(command)
    },
  }
  const runtime: Runtime = {
    ...patientRuntime,
    withDeadline: (span, run) => {
      budget = span
      return patientRuntime.withDeadline(span, run)
    },
  }
  const options = orderOptions(tableName, { visibility: 'move', sqs, marginSeconds: 0, runtime })
  const owner = sqsHandler<Order>(() => new Promise(() => {}), options)
  void owner(anEvent(aRecord('a')), aContext())
  while (options.events.length === 0) await sleep(5)
  expect(returned(await sqsHandler<Order>(() => {}, options)(anEvent(aRecord('a')), context))).toEqual(['a'])
  expect(budgets).toEqual(given.budgets)
  expect(sent).toHaveLength(given.budgets.length)
  expect(options.events.filter(({ type }) => type === 'queueFailed')).toHaveLength(given.budgets.length === 2 ? 0 : 1)
})

test('A6: an owner that lost its claim and then fails changes nothing.', async () => {
  const gate = aGate()
  const options = orderOptions(tableName, { marginSeconds: 0 })
  const started = aGate()
  const stalled = sqsHandler<Order>(async () => {
    started.open()
    await gate.opened
    throw new Error('late')
  }, options)
  const stalling = stalled(anEvent(aRecord('a')), aContext(2_000))
  await started.opened
  await sleep(4_500) // the lease has ended, even though the Date header counts in whole seconds
  let runs = 0
  const other = sqsHandler<Order>(() => void runs++, options)
  expect(returned(await other(anEvent(aRecord('a')), aContext()))).toEqual([])
  gate.open()
  expect(returned(await stalling)).toEqual(['a'])
  expect(returned(await other(redelivered(anEvent(aRecord('a'))), aContext()))).toEqual([])
  expect(runs).toBe(1)
})

test('By default the visibility timeout is not changed, and a failed change does not change the answer.', async () => {
  const gate = aGate()
  const started = aGate()
  const options = orderOptions(tableName)
  const owner = sqsHandler<Order>(async () => {
    started.open()
    await gate.opened
  }, options)
  const owning = owner(anEvent(aRecord('a')), aContext())
  await started.opened
  const left = sqsHandler<Order>(() => {}, options)
  expect(returned(await left(anEvent(aRecord('a')), aContext()))).toEqual(['a'])

  const sqs = fakeSqs(['ChangeMessageVisibilityCommand'])
  const denied = sqsHandler<Order>(() => {}, { ...options, visibility: 'move', sqs })
  expect(returned(await denied(anEvent(aRecord('a')), aContext()))).toEqual(['a'])
  expect(options.events.filter(({ type }) => type === 'queueFailed')).toEqual([
    { type: 'queueFailed', operation: options.operation, step: 'visibility', error: 'Error' },
  ])
  gate.open()
  await owning
})

test('The same key with another body is returned with an event, and changes nothing.', async () => {
  const reported: unknown[] = []
  const options = orderOptions(tableName, { onError: (error, { messageId }) => reported.push([messageId, error]) })
  let runs = 0
  const handler = sqsHandler<Order>(() => void runs++, options)
  await handler(anEvent(aRecord('a')), aContext())
  const other = aRecord('a', { messageId: 'other', body: '{"orderId":"a","quantity":2}' })
  expect(returned(await handler(anEvent(other), aContext()))).toEqual(['other'])
  const { recordKey } = options.events.findLast(({ type }) => type === 'mismatched') as { recordKey: string }
  const message = expect.stringContaining(`(record ${recordKey})`)
  expect(reported).toEqual([['other', expect.objectContaining({ code: 'key-reused', message })]])
  expect(options.events.map(({ type }) => type)).toEqual(['claimed', 'completed', 'mismatched'])
  // The order and white space of JSON do not count.
  const same = aRecord('a', { body: '{ "orderId" : "\\u0061" }' })
  expect(returned(await handler(anEvent(same), aContext()))).toEqual([])
  expect(runs).toBe(1)
})

test('F9: a message without a usable key, tenant, body or payload fails alone, without a claim.', async () => {
  const options = orderOptions(tableName, {
    tenant: ({ body }) => {
      if (body.orderId === 'throws') throw new Error('no tenant')
      return body.orderId === 'no-tenant' ? undefined : 'merchant'
    },
    payload: ({ body }) => (body.orderId === 'no-payload' ? new Map() : body),
  })
  const runs: string[] = []
  const handler = sqsHandler<Order>(({ body }) => void runs.push(body.orderId), options)
  const event = anEvent(
    aRecord('good'),
    aRecord('no-key', { body: '{}' }),
    aRecord('no-key-either', { body: '{"orderId":""}' }),
    aRecord('boolean', { body: '{"orderId":true}' }),
    aRecord('fraction', { body: '{"orderId":7.5}' }),
    aRecord('too-large', { body: '{"orderId":9007199254740993}' }),
    aRecord('not-json', { body: 'orderId=1' }),
    aRecord('null', { body: 'null' }),
    aRecord('no-tenant'),
    aRecord('throws'),
    aRecord('no-payload'),
    aRecord('good-too'),
  )
  expect(returned(await handler(event, aContext()))).toEqual([
    'no-key',
    'no-key-either',
    'boolean',
    'fraction',
    'too-large',
    'not-json',
    'null',
    'no-tenant',
    'throws',
    'no-payload',
  ])
  expect(runs.sort()).toEqual(['good', 'good-too'])
  const unusable = options.events.flatMap((event) => (event.type === 'unusable' ? [[event.messageId, event.part]] : []))
  expect(unusable).toEqual([
    ['no-key', 'key'],
    ['no-key-either', 'key'],
    ['boolean', 'key'],
    ['fraction', 'key'],
    ['too-large', 'key'],
    ['not-json', 'body'],
    ['null', 'key'],
    ['no-tenant', 'tenant'],
    ['throws', 'tenant'],
    ['no-payload', 'payload'],
  ])
  expect(options.events.filter(({ type }) => type === 'claimed')).toHaveLength(2)
})

test('G1: the log line of an unusable message quotes neither its body nor its key.', async () => {
  const lines: unknown[][] = []
  const { error: log } = console
  console.error = (...line) => void lines.push(line)
  const options = orderOptions(tableName)
  const handler = sqsHandler<Order>(() => {}, { ...options, onError: undefined as never })
  await handler(anEvent(aRecord('broken', { body: 'canary{' })), aContext())
  console.error = log
  expect(lines).toEqual([['lambda-once: The body of message broken cannot be used. Reading it threw an error']])
  expect(JSON.stringify(options.events)).not.toContain('canary')
})

test('C4: a message whose handler throws is returned and may run again at once, whatever the statusCode; NotDoneError releases; TerminalError is final.', async () => {
  const thrown: unknown[] = []
  const options = orderOptions(tableName, { onError: (error) => thrown.push(error) })
  const errors: Record<string, unknown[]> = {
    plain: [new Error('plain')],
    text: ['a string'],
    notDone: [new NotDoneError('not yet')],
    status: [Object.assign(new Error('no'), { statusCode: 404 })],
    terminal: [new TerminalError('never')],
  }
  const downstream: Record<string, string[]> = {}
  const handler = sqsHandler<Order>(({ body: { orderId } }, claim) => {
    downstream[orderId] = [...(downstream[orderId] ?? []), claim?.downstreamKey('x') ?? '']
    const error = errors[orderId]?.shift()
    if (error !== undefined) throw error
  }, options)
  const event = anEvent(...Object.keys(errors).map((orderId) => aRecord(orderId)))
  const expected = Object.values(errors).map(([error]) => error)
  expect(returned(await handler(event, aContext()))).toEqual(['plain', 'text', 'notDone', 'status', 'terminal'])
  expect(new Set(thrown)).toEqual(new Set(expected))
  expect(returned(await handler(redelivered(event), aContext()))).toEqual(['terminal'])
  expect(Object.fromEntries(Object.entries(downstream).map(([id, keys]) => [id, keys.length]))).toEqual({
    plain: 2,
    text: 2,
    notDone: 2,
    status: 2,
    terminal: 1,
  })
  // After a throw the effect is in doubt, and the downstream key stays. After a release it is new.
  expect(new Set(downstream.plain).size).toBe(1)
  expect(new Set(downstream.status).size).toBe(1)
  expect(new Set(downstream.notDone).size).toBe(2)
})

test('C3: if the completion cannot be written, the message is acknowledged; with unstored: "fail" it is returned.', async () => {
  const base = orderOptions(tableName)
  const store = {
    ...base.store,
    settle: async () => {
      throw new Error('denied')
    },
  }
  let runs = 0
  const answered = sqsHandler<Order>(() => void runs++, { ...base, store })
  const failed = sqsHandler<Order>(() => void runs++, { ...base, store, unstored: 'fail' })
  const answers = await Promise.all([
    answered(anEvent(aRecord('a')), aContext(4_000)),
    failed(anEvent(aRecord('b')), aContext(4_000)),
  ])
  expect(answers.map(returned)).toEqual([[], ['b']])
  expect(runs).toBe(2)
  expect(base.events.filter(({ type }) => type === 'unstored')).toHaveLength(2)
  expect(base.events.filter(({ type }) => type === 'released' || type === 'abandoned')).toEqual([])
  const again = sqsHandler<Order>(() => void runs++, base)
  expect(returned(await again(anEvent(aRecord('a'), aRecord('b')), aContext()))).toEqual(['a', 'b'])
  expect(runs).toBe(2)
}, 30_000)

test.each([2, 10, 100])('A3: %i simultaneous deliveries of one message cause one run.', async (count) => {
  for (let round = 0; round < 5; round++) {
    let runs = 0
    const options = orderOptions(tableName)
    const deliver = async (index: number) => {
      const handler = sqsHandler<Order>(() => void runs++, options)
      return handler(anEvent(aRecord('a', { messageId: `m-${index}` })), aContext())
    }
    const answers = await Promise.all(Array.from({ length: count }, (_, index) => deliver(index)))
    expect(runs).toBe(1)
    expect(answers.filter((answer) => returned(answer).length === 0).length).toBeGreaterThanOrEqual(1)
    const handler = sqsHandler<Order>(() => void runs++, options)
    expect(returned(await handler(redelivered(anEvent(aRecord('a'))), aContext()))).toEqual([])
    expect(runs).toBe(1)
  }
})

test('A12: interleaved batches of different tenants through one handler stay separate.', async () => {
  const runs: string[] = []
  const options = orderOptions(tableName, {
    tenant: ({ messageAttributes }) => messageAttributes.merchant?.stringValue,
    concurrency: 3,
  })
  const handler = sqsHandler<Order>(async ({ body, messageAttributes }, claim) => {
    await sleep(Math.random() * 10)
    runs.push(`${messageAttributes.merchant?.stringValue} ${body.orderId} ${claim?.attempt}`)
  }, options)
  const batches = Array.from({ length: 8 }, (_, tenant) =>
    anEvent(
      ...Array.from({ length: 8 }, (_, order) =>
        aRecord(`o-${order}`, { messageAttributes: { merchant: { dataType: 'String', stringValue: `m-${tenant}` } } }),
      ),
    ),
  )
  const answers = await Promise.all(batches.map((batch) => handler(batch, aContext())))
  expect(answers.flatMap(returned)).toEqual([])
  expect(new Set(runs).size).toBe(64)
  expect(runs).toHaveLength(64)
})

test('A run that returns nothing stores no body: claim and completion cost one write unit each.', async () => {
  const keys: string[] = []
  const handler = sqsHandler<Order>((_, claim) => void keys.push(claim?.recordKey ?? ''), orderOptions(tableName))
  await handler(anEvent(aRecord('a')), aContext())
  const item = await readItem(tableName, keys[0] ?? '')
  expect(item?.status).toEqual({ S: 'SUCCEEDED' })
  expect(item?.outcome?.B).toHaveLength(2)
  expect(Buffer.byteLength(JSON.stringify(item))).toBeLessThan(1_024)
  const fifteenDays = 15 * 86_400
  expect(Number(item?.expiresAt?.N) - Date.now() / 1_000).toBeGreaterThan(fifteenDays - 10)
  expect(Number(item?.expiresAt?.N) - Date.now() / 1_000).toBeLessThanOrEqual(fifteenDays + 1)
})

test('A11: a handler that changes its message changes no claim.', async () => {
  let runs = 0
  const handler = sqsHandler<{ orderId: string }>((message) => {
    runs++
    message.body.orderId = 'changed'
    ;(message.record as { body: string }).body = '{}'
  }, orderOptions(tableName))
  expect(returned(await handler(anEvent(aRecord('a')), aContext()))).toEqual([])
  expect(returned(await handler(anEvent(aRecord('a')), aContext()))).toEqual([])
  expect(runs).toBe(1)
})

test('A handler that changes its record changes neither the answer, nor the calls to SQS, nor the reports.', async () => {
  const sqs = fakeSqs()
  const reported: string[] = []
  const handler = sqsHandler<Order>(
    ({ record, attributes, messageAttributes }) => {
      const evil = { messageId: 'evil', body: 'evil', receiptHandle: 'evil', eventSourceARN: 'evil' }
      Object.assign(record, evil)
      Object.assign(attributes, { MessageGroupId: 'evil' })
      Object.assign(messageAttributes.trace ?? {}, { stringValue: 'evil' })
      Object.assign(messageAttributes, { more: { dataType: 'String', stringValue: 'evil' } })
      throw new TerminalError('never')
    },
    orderOptions(tableName, {
      sqs,
      deadLetter: { queueUrl: 'https://sqs/123456789012/orders-dead.fifo' },
      onError: (_, { messageId }) => reported.push(messageId),
    }),
  )
  const record = (group?: string) =>
    aRecord('a', {
      messageId: group ?? 'standard',
      messageAttributes: { trace: { dataType: 'String', stringValue: 't-1' } },
      ...(group === undefined ? {} : { group }),
    })
  expect(returned(await handler(anEvent(record()), aContext()))).toEqual(['standard'])
  expect(returned(await handler(anEvent(record('g')), aContext()))).toEqual([])
  const again = aRecord('b', { messageId: 'h', group: 'h', messageAttributes: record().messageAttributes })
  expect(returned(await handler(anEvent(again), aContext()))).toEqual([])
  expect(reported).toEqual(['standard', 'h']) // the second message is a replay of the first
  expect(JSON.stringify(sqs.sent)).not.toContain('evil')
  expect(sqs.sent.map(({ input }) => input)).toMatchObject([
    { MessageBody: '{"orderId":"a"}', MessageGroupId: 'g', MessageDeduplicationId: 'g' },
    { MessageBody: '{"orderId":"b"}', MessageGroupId: 'h', MessageDeduplicationId: 'h' },
  ])
  expect(sqs.sent[1]?.input.MessageAttributes).toMatchObject({ trace: { StringValue: 't-1' } })
})

test('A key that is a number counts as its decimal text.', async () => {
  const runs: string[] = []
  const options = orderOptions(tableName)
  const handler = sqsHandler<Order>(({ messageId }) => void runs.push(messageId), options)
  const message = (messageId: string, orderId: unknown) =>
    aRecord('x', { messageId, body: JSON.stringify({ orderId }) })
  expect(returned(await handler(anEvent(message('m-1', 42), message('m-2', 42)), aContext()))).toEqual([])
  expect(returned(await handler(anEvent(message('m-3', '42')), aContext()))).toEqual(['m-3']) // one key, another payload
  expect(runs).toEqual(['m-1'])
  const { recordKey } = options.events[0] as { recordKey: string }
  expect(recordKey).toBe(deriveRecordKey({ operation: options.operation, tenant: 'single-tenant', key: '42' }))
})

test.each<[string, unknown, string]>([
  ['nothing', undefined, 'The key option found no key in this message'],
  ['an empty text', '', 'The key option found no key in this message'],
  ['a fraction', 7.5, 'The idempotency key is a number that is not a safe integer; make it a string'],
  ['a large number', 2 ** 53, 'The idempotency key is a number that is not a safe integer; make it a string'],
  ['a promise', Promise.resolve('a'), 'The key option answered a promise; it must answer a string, a number or skip'],
  ['a symbol', Symbol('a'), 'The key option answered a symbol; it must answer a string, a number or skip'],
  ['an object', { a: 1 }, 'The key option answered an object; it must answer a string, a number or skip'],
  ['false', false, 'The key option answered a boolean; it must answer a string, a number or skip'],
])('F9: the error for a key that is %s names the rule.', async (_, key, rule) => {
  const errors: unknown[] = []
  const options = orderOptions(tableName, { key: () => key as string, onError: (error) => errors.push(error) })
  expect(returned(await sqsHandler<Order>(() => {}, options)(anEvent(aRecord('a')), aContext()))).toEqual(['a'])
  expect(errors).toMatchObject([{ message: `The key of message a cannot be used. ${rule}` }])
})

test('At most `concurrency` messages run at once, and a message is claimed only when it starts.', async () => {
  const options = orderOptions(tableName, { concurrency: 4 })
  let running = 0
  let most = 0
  const handler = sqsHandler<Order>(async () => {
    most = Math.max(most, ++running)
    const claimed = options.events.filter(({ type }) => type === 'claimed').length
    const completed = options.events.filter(({ type }) => type === 'completed').length
    expect(claimed - completed).toBeLessThanOrEqual(4)
    await sleep(5)
    running--
  }, options)
  const records = Array.from({ length: 40 }, (_, index) => aRecord(`o-${index}`))
  expect(returned(await handler(anEvent(...records), aContext()))).toEqual([])
  expect(most).toBe(4)
})

test('The handler has two parameters, and can be the base handler of a Middy chain.', async () => {
  const seen: unknown[] = []
  const base = sqsHandler<Order>(({ body }, _claim, context) => void seen.push(body.orderId, context), {
    ...orderOptions(tableName),
    operation: `orders-${randomUUID()}`,
  })
  expect(base).toHaveLength(2)
  const chain = middy<SqsEvent, SqsBatchResponse>().handler(base)
  const context = { ...aContext(), awsRequestId: 'r-1' }
  expect(await chain(anEvent(aRecord('a'), aRecord('b', { body: '{}' })), context as never)).toEqual({
    batchItemFailures: [{ itemIdentifier: 'b' }],
  })
  expect(seen[0]).toBe('a')
  expect((seen[1] as { awsRequestId: string }).awsRequestId).toBe('r-1')
})

test.each([undefined, null, {}, { Records: {} }, { Records: [{ Sns: {} }] }])(
  'An event that is not from SQS is rejected as a whole (%#).',
  async (event) => {
    const handler = sqsHandler<Order>(() => {}, orderOptions(tableName))
    const answer = handler(event as never, aContext()) // rejects, and does not throw synchronously
    await expect(answer).rejects.toMatchObject({ code: 'event-unsupported' })
  },
)

test('With abandoned "hold" a run in doubt is not repeated; the message is returned until a person decides.', async () => {
  const options = orderOptions(tableName, { abandoned: 'hold' })
  let runs = 0
  const handler = sqsHandler<Order>(() => {
    runs++
    throw new Error('in doubt')
  }, options)
  for (let delivery = 1; delivery <= 5; delivery++) {
    expect(returned(await handler(anEvent(aRecord('a')), aContext()))).toEqual(['a'])
  }
  expect(runs).toBe(1)
  expect(options.events.filter(({ type }) => type === 'outcomeUnknown')).toHaveLength(4)
})

test('With storeDown "dangerouslyRunUnprotected" messages run without a claim while the store is down, and an event says so.', async () => {
  const base = orderOptions(tableName)
  const store = { ...base.store, claim: () => Promise.reject(new StoreUnavailableError('down')) }
  const claims: unknown[] = []
  const handler = sqsHandler<Order>(
    ({ body }, claim) => {
      claims.push(claim)
      if (body.orderId === 'b') throw new Error('b fails')
    },
    { ...base, store, storeDown: 'dangerouslyRunUnprotected' },
  )
  expect(returned(await handler(anEvent(aRecord('a'), aRecord('b')), aContext()))).toEqual(['b'])
  expect(claims).toEqual([undefined, undefined])
  expect(base.events.filter(({ type }) => type === 'skipped')).toHaveLength(2)
})
