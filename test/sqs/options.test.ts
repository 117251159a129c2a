import { z } from 'zod'
import { memoryStore } from '../../lib/memory/index.ts'
import type { SqsEvent } from '../../lib/sqs/index.ts'
import { BodyInvalidError, type SqsOptions, snsInSqs, sqsHandler, UnusableMessageError } from '../../lib/sqs/index.ts'
import { fixture } from '../support/fixture.ts'
import { aContext, anEvent, aRecord, fakeSqs, type Order, returned } from '../support/sqs.ts'

const common = () => ({ store: memoryStore(), operation: 'orders', tenant: 'single-tenant' as const })
const base = (): SqsOptions<Order> => ({ ...common(), key: (order) => order.orderId })

test.each<[string, Record<string, unknown>, string]>([
  ['an unknown option', { retries: 1 }, 'retries'],
  ['no tenant', { tenant: undefined }, 'tenant'],
  ['another literal for the tenant', { tenant: 'none' }, 'tenant'],
  ['no key', { key: undefined }, 'key'],
  ['another word for the key', { key: 'body' }, 'key'],
  ['an attribute without a name', { key: { attribute: '' } }, 'key'],
  ['more than an attribute', { key: { attribute: 'a', header: 'b' } }, 'key'],
  ['a parse that is neither a function nor a validator', { parse: {} }, 'parse'],
  ['no concurrency', { concurrency: 0 }, 'concurrency'],
  ['more concurrency than the connections allow', { concurrency: 101 }, 'concurrency'],
  ['no runs', { maxRuns: 0 }, 'maxRuns'],
  ['more runs than SQS allows receives', { maxRuns: 1_000 }, 'maxRuns'],
  ['a margin longer than a Lambda invocation', { marginSeconds: 901 }, 'marginSeconds'],
  ['another word for visibility', { visibility: true }, 'visibility'],
  ['a queue name instead of a URL', { deadLetter: { queueUrl: 'orders-dead' } }, 'deadLetter'],
  ['a client without send', { visibility: 'move', sqs: {} }, 'sqs'],
  ['a client that no option uses', { sqs: fakeSqs() }, 'sqs'],
  ['a retention below the minimum', { retentionSeconds: 1_500 }, 'retentionSeconds'],
  ['maxRuns when no run in doubt is repeated', { abandoned: 'hold', maxRuns: 3 }, 'maxRuns'],
])('Refused when the handler is built: %s.', (_, more, option) => {
  const build = () => sqsHandler<Order>(() => {}, { ...base(), ...more } as SqsOptions<Order>)
  expect(build).toThrow(expect.objectContaining({ name: 'OptionError', option }))
})

test.each([1, 60, 1_500])(
  'The error for a retention of %i s says why it is refused, and what to do instead.',
  (retentionSeconds) => {
    expect(() => sqsHandler<Order>(() => {}, { ...base(), retentionSeconds })).toThrow(
      `option "retentionSeconds" is ${retentionSeconds}; it must be an integer from 1501 to 3153600000: a delayed write ` +
        'can arrive up to 600 s after the longest lease of 901 s, and must find its record. To allow the same request ' +
        'again sooner, give it a new key',
    )
  },
)

test.each([1_501.5, 3_153_600_001, '60', Number.NaN])('The error for the retention %p names the bounds.', (given) => {
  const retentionSeconds = given as number
  expect(() => sqsHandler<Order>(() => {}, { ...base(), retentionSeconds })).toThrow(
    /it must be an integer from 1501 to 3153600000$/,
  )
})

test('A handler that is not a function is refused.', () => {
  expect(() => sqsHandler(undefined as never, base())).toThrow('option "handler" must be a function')
})

const keyed = async (key: SqsOptions<Order>['key'], ...records: ReturnType<typeof aRecord>[]): Promise<number> => {
  let runs = 0
  const handler = sqsHandler<Order>(() => void runs++, { ...base(), key, onError: () => {} })
  for (const record of records) await handler(anEvent(record), aContext())
  return runs
}

test.each<[string, SqsOptions<Order>['key'], number, number]>([
  ['a function of the body', (order) => order.orderId, 1, 1],
  ['an attribute', { attribute: 'idempotency' }, 1, 1],
  ['the deduplication id', 'deduplicationId', 1, 2],
  ['the message id', 'messageId', 1, 2],
])(
  'With the key from %s, a redelivery does not run again; a second send with new SQS ids runs as the table of keys says.',
  async (_, key, once, resent) => {
    const messageAttributes = { idempotency: { dataType: 'String', stringValue: 'i-1' } }
    const first = aRecord('a', { messageId: 'm-1', deduplicationId: 'd-1', messageAttributes })
    const again = aRecord('a', { messageId: 'm-2', deduplicationId: 'd-2', messageAttributes })
    expect(
      await keyed(key, first, { ...first, attributes: { ...first.attributes, ApproximateReceiveCount: '2' } }),
    ).toBe(once)
    expect(await keyed(key, first, again)).toBe(resent)
  },
)

test('Two message groups may have messages with the same deduplication id: each runs once.', async () => {
  const inGroup = (group: string) => aRecord('a', { messageId: group, group, deduplicationId: '2026-11-01' })
  expect(await keyed('deduplicationId', inGroup('acme'), inGroup('globex'), inGroup('acme'))).toBe(2)
})

test('F6: an invocation that begins with less time than the margin throws an error that names both.', async () => {
  const handler = sqsHandler<Order>(() => {}, { ...base(), marginSeconds: 60 })
  const context = { getRemainingTimeInMillis: () => 30_000 }
  await expect(handler(anEvent(aRecord('a')), context)).rejects.toThrow(
    'option "marginSeconds" is 60; it must be less than the 30 s with which the invocation began',
  )
})

test.each<[string, SqsOptions<Order>['key']]>([
  ['an attribute', { attribute: 'idempotency' }],
  ['an attribute whose name every object has', { attribute: 'constructor' }],
  ['the deduplication id', 'deduplicationId'],
])('F9: a message without %s fails alone.', async (_, key) => {
  expect(await keyed(key, aRecord('a'))).toBe(0)
})

test('The handler takes a captured event of an event source mapping.', async () => {
  const seen: unknown[] = []
  const handler = sqsHandler<Order>(
    ({ body, messageId, receiveCount }) => void seen.push([body.orderId, messageId, receiveCount]),
    base(),
  )
  expect(returned(await handler(fixture<SqsEvent>('sqs'), aContext()))).toEqual([])
  expect(seen).toEqual([
    ['o-1', '059f36b4-87a3-44ab-83d2-661975830a7d', 1],
    ['o-2', '2e1424d4-f796-459a-8184-9c92662be6da', 1],
  ])
})

test('A Standard Schema validator makes the body, and onError can read its issues.', async () => {
  const errors: unknown[] = []
  const seen: unknown[] = []
  const schema = z.object({ orderId: z.string(), at: z.coerce.date() })
  const handler = sqsHandler(({ body }) => void seen.push(body), {
    ...common(),
    key: (order: { orderId: string }) => order.orderId,
    parse: schema,
    onError: (error) => errors.push(error),
  })
  const good = aRecord('a', { body: '{"orderId":"a","at":"2026-01-01T00:00:00Z","more":1}' })
  expect(returned(await handler(anEvent(good, aRecord('b')), aContext()))).toEqual(['b'])
  expect(seen).toEqual([{ orderId: 'a', at: new Date('2026-01-01T00:00:00Z') }])
  expect(errors).toHaveLength(1)
  const [error] = errors as [UnusableMessageError]
  expect(error).toBeInstanceOf(UnusableMessageError)
  expect(error.cause).toBeInstanceOf(BodyInvalidError)
  expect((error.cause as BodyInvalidError).issues.length).toBe(1)
})

test('A parse function receives the text and may be asynchronous; if it throws, only that message fails.', async () => {
  const seen: unknown[] = []
  const handler = sqsHandler(({ body }) => void seen.push(body), {
    ...common(),
    key: (body: readonly string[]) => body[1],
    parse: async (text: string) => {
      if (!text.includes('=')) throw new Error(`no pair: ${text}`)
      return text.split('=')
    },
    onError: () => {
      throw new Error('a broken listener does no harm')
    },
  })
  const event = anEvent(aRecord('a', { body: 'order=a' }), aRecord('b', { body: 'b' }))
  expect(returned(await handler(event, aContext()))).toEqual(['b'])
  expect(seen).toEqual([['order', 'a']])
})

describe('F8: SNS in SQS', () => {
  const envelope = fixture<object>('sns-in-sqs')
  const delivered = (messageId: string, more: object = {}) =>
    aRecord('x', { messageId, body: JSON.stringify({ ...envelope, ...more }) })

  test('The key is the SNS message id, and the body is what was published.', async () => {
    const seen: unknown[] = []
    const handler = sqsHandler<Order>(({ body }) => void seen.push(body), {
      ...common(),
      ...snsInSqs<Order>(),
      onError: () => {},
    })
    expect(returned(await handler(anEvent(delivered('m-1')), aContext()))).toEqual([])
    // SNS sends it again: another SQS message with another signature.
    expect(returned(await handler(anEvent(delivered('m-2', { Signature: 'other' })), aContext()))).toEqual([])
    expect(seen).toEqual([{ merchantId: 'm-1', orderId: 'o-1' }])
    expect(returned(await handler(anEvent(delivered('m-3', { MessageId: 'second' })), aContext()))).toEqual([])
    expect(seen).toHaveLength(2)
    // Raw message delivery has no envelope.
    expect(returned(await handler(anEvent(aRecord('raw')), aContext()))).toEqual(['raw'])
  })

  test('A key of the published body survives a second publication.', async () => {
    let runs = 0
    const handler = sqsHandler<Order>(() => void runs++, {
      ...base(),
      ...snsInSqs<Order>(z.object({ orderId: z.string() })),
      key: (order) => order.orderId,
    })
    const event = anEvent(delivered('m-1'), delivered('m-2', { MessageId: 'second', Timestamp: 'later' }))
    expect(returned(await handler(event, aContext()))).toEqual([])
    expect(runs).toBe(1)
  })

  test('A parse that is neither a function nor a validator is refused.', () => {
    expect(() => snsInSqs(1 as never)).toThrow('option "parse"')
  })
})
