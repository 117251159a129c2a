import type { IdempotencyError, Store } from '../../lib/index.ts'
import { StoreMisconfiguredError, StoreUnavailableError } from '../../lib/index.ts'
import { NotDoneError, type SqsMessage, sqsHandler, TerminalError } from '../../lib/sqs/index.ts'
import { type Plan, type SqsWriteOptions, sqsWriteHandler } from '../../lib/write/index.ts'
import { freshTable } from '../support/dynamodb.ts'
import { aName, openShop, type Shop } from '../support/shop.ts'
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

const DEAD_LETTERS = 'https://sqs.us-east-1.amazonaws.com/123456789012/orders-dlq.fifo'

let tableName: string
let shop: Shop
beforeAll(async () => {
  tableName = await freshTable()
  shop = await openShop()
})

const optionsOf = (over: Partial<SqsWriteOptions<Order>> = {}) =>
  orderOptions(tableName, over) as ReturnType<typeof orderOptions> & SqsWriteOptions<Order>

/** Writes the order's row, under an id that no other test has. */
const ordering =
  (prefix: string, over: Partial<Extract<Plan, { refused: unknown }>> = {}) =>
  ({ body }: SqsMessage<Order>): Plan => ({
    items: [shop.order(`${prefix}-${body.orderId}`)],
    answer: null,
    refused: () => null,
    ...over,
  })

const rows = async (prefix: string, ...ids: readonly string[]) =>
  Promise.all(ids.map((id) => shop.has(`${prefix}-${id}`)))

test('F1, I31 a message is acknowledged once its items are written, and each time after that', async () => {
  const prefix = aName()
  const options = optionsOf()
  const handler = sqsWriteHandler<Order>(ordering(prefix), options)
  const event = anEvent(aRecord('a'), aRecord('b'))
  expect(returned(await handler(event, aContext()))).toEqual([])
  expect(await rows(prefix, 'a', 'b')).toEqual([true, true])
  expect(returned(await handler(redelivered(event), aContext()))).toEqual([])
  expect(options.events.map(({ type }) => type).sort()).toEqual(['completed', 'completed', 'replayed', 'replayed'])
})

test('F11 a redelivered message is read first: its plan is not made', async () => {
  let plans = 0
  const prefix = aName()
  const plan = (message: SqsMessage<Order>) => {
    plans++
    return ordering(prefix)(message)
  }
  const handler = sqsWriteHandler<Order>(plan, optionsOf())
  const event = anEvent(aRecord('a'))
  await handler(event, aContext())
  expect(returned(await handler(redelivered(event), aContext()))).toEqual([])
  expect(plans).toBe(1)
})

test('F4 the same key twice in one batch is written once, and both are acknowledged', async () => {
  const prefix = aName()
  const options = optionsOf()
  const handler = sqsWriteHandler<Order>(ordering(prefix), options)
  const event = anEvent(aRecord('a'), aRecord('a', { messageId: 'twin' }), aRecord('a', { messageId: 'triplet' }))
  expect(returned(await handler(event, aContext()))).toEqual([])
  expect(options.events.map(({ type }) => type)).toEqual(['completed', 'replayed', 'replayed'])
})

test('the plan gets the message and the context, and the handler takes exactly two arguments', async () => {
  const given: unknown[] = []
  const handler = sqsWriteHandler<Order>(
    ((...all: unknown[]) => {
      given.push(...all)
      return { answer: 1 }
    }) as never,
    optionsOf(),
  )
  const context = aContext()
  await handler(anEvent(aRecord('a')), context)
  expect(given).toEqual([expect.objectContaining({ messageId: 'a', body: { orderId: 'a' } }), context])
  expect(handler).toHaveLength(2)
})

test('a plan without items acknowledges, and stores nothing', async () => {
  const options = optionsOf()
  const handler = sqsWriteHandler<Order>(() => ({ answer: 'nothing to do' }), options)
  expect(returned(await handler(anEvent(aRecord('a')), aContext()))).toEqual([])
  const prefix = aName()
  const writing = sqsWriteHandler<Order>(ordering(prefix), options)
  expect(returned(await writing(anEvent(aRecord('a')), aContext()))).toEqual([])
  expect(await rows(prefix, 'a')).toEqual([true])
})

describe('A condition that does not hold', () => {
  const isTaken = async (prefix: string) => {
    const other = sqsWriteHandler<Order>(ordering(prefix), optionsOf())
    await other(anEvent(aRecord('a')), aContext())
  }

  test('acknowledges the message, if refused returns', async () => {
    const prefix = aName()
    await isTaken(prefix)
    const handler = sqsWriteHandler<Order>(ordering(prefix), optionsOf())
    expect(returned(await handler(anEvent(aRecord('a')), aContext()))).toEqual([])
  })

  test.each([
    ['an error', () => new Error('taken')],
    ['a NotDoneError', () => new NotDoneError('taken')],
    ['a TerminalError, without a dead-letter queue of the layer', () => new TerminalError('taken')],
  ])('returns the message alone, if refused throws %s, and reports it', async (_, make) => {
    const prefix = aName()
    await isTaken(prefix)
    const reported: unknown[] = []
    const options = optionsOf({ onError: (error, { messageId }) => reported.push([messageId, error]) })
    const error = make()
    const refused = () => {
      throw error
    }
    const handler = sqsWriteHandler<Order>(ordering(prefix, { refused }), options)
    expect(returned(await handler(anEvent(aRecord('a'), aRecord('b')), aContext()))).toEqual(['a'])
    expect(reported).toEqual([['a', error]])
    expect(await rows(prefix, 'b')).toEqual([true])
  })

  test('sends a FIFO message to the dead-letter queue, if refused throws a TerminalError, and its group goes on', async () => {
    const prefix = aName()
    await isTaken(prefix)
    const sqs = fakeSqs()
    const refused = () => {
      throw new TerminalError('taken')
    }
    const options = optionsOf({ sqs, deadLetter: { queueUrl: DEAD_LETTERS } })
    const handler = sqsWriteHandler<Order>(ordering(prefix, { refused }), options)
    const event = anEvent(aRecord('a', { group: 'g' }), aRecord('b', { group: 'g' }))
    expect(returned(await handler(event, aContext()))).toEqual([])
    const [sent] = sqs.sent.filter(({ command }) => command === 'SendMessageCommand')
    expect(sent?.input).toMatchObject({
      QueueUrl: DEAD_LETTERS,
      MessageAttributes: { 'lambda-once-reason': { StringValue: 'failed' } },
    })
    expect(await rows(prefix, 'b')).toEqual([true])
  })
})

describe('An error of the plan', () => {
  const failing = (error: unknown) => () => {
    throw error
  }

  test('returns the message, and another with its key is not tried in the batch', async () => {
    let plans = 0
    const handler = sqsWriteHandler<Order>(() => {
      plans++
      throw new Error('boom')
    }, optionsOf())
    const event = anEvent(aRecord('a'), aRecord('a', { messageId: 'twin' }))
    expect(returned(await handler(event, aContext()))).toEqual(['a', 'twin'])
    expect(plans).toBe(1)
  })

  test('sends the message away, if it is a TerminalError', async () => {
    const sqs = fakeSqs()
    const options = optionsOf({ sqs, deadLetter: { queueUrl: DEAD_LETTERS } })
    const handler = sqsWriteHandler<Order>(failing(new TerminalError('never')), options)
    expect(returned(await handler(anEvent(aRecord('a', { group: 'g' })), aContext()))).toEqual([])
    expect(sqs.sent.map(({ command }) => command)).toContain('SendMessageCommand')
  })

  test('is reported for a bad plan too', async () => {
    const reported: unknown[] = []
    const options = optionsOf({ onError: (error) => reported.push(error) })
    const handler = sqsWriteHandler<Order>(() => ({ items: [] }) as never, options)
    expect(returned(await handler(anEvent(aRecord('a')), aContext()))).toEqual(['a'])
    expect(reported).toEqual([expect.any(TypeError)])
  })
})

test('F3 on FIFO, the first failure of a group returns it and the messages after it; other groups go on', async () => {
  const prefix = aName()
  const handler = sqsWriteHandler<Order>((message) => {
    if (message.body.orderId === 'b') throw new Error('boom')
    return ordering(prefix)(message)
  }, optionsOf())
  const records = [
    ['a', 'g'],
    ['b', 'g'],
    ['c', 'g'],
    ['x', 'h'],
  ].map(([id = '', group = '']) => aRecord(id, { group }))
  expect(returned(await handler(anEvent(...records), aContext()))).toEqual(['b', 'c'])
  expect(await rows(prefix, 'a', 'b', 'c', 'x')).toEqual([true, false, false, true])
})

describe('Another body under the key', () => {
  const other = (parts = {}) => aRecord('a', { messageId: 'other', body: '{"orderId":"a","quantity":2}', ...parts })

  test('is returned, and the error names the record', async () => {
    const reported: unknown[] = []
    const options = optionsOf({ onError: (error, { messageId }) => reported.push([messageId, error]) })
    const handler = sqsWriteHandler<Order>(ordering(aName()), options)
    await handler(anEvent(aRecord('a')), aContext())
    expect(returned(await handler(anEvent(other()), aContext()))).toEqual(['other'])
    const { recordKey } = options.events.find(({ type }) => type === 'mismatched') as { recordKey: string }
    const message = expect.stringContaining(`(record ${recordKey})`)
    expect(reported).toEqual([['other', expect.objectContaining({ code: 'key-reused', message })]])
  })

  test('on FIFO is sent to the dead-letter queue', async () => {
    const sqs = fakeSqs()
    const options = optionsOf({ sqs, deadLetter: { queueUrl: DEAD_LETTERS } })
    const handler = sqsWriteHandler<Order>(ordering(aName()), options)
    await handler(anEvent(aRecord('a', { group: 'g' })), aContext())
    expect(returned(await handler(anEvent(other({ group: 'g' })), aContext()))).toEqual([])
    const [sent] = sqs.sent.filter(({ command }) => command === 'SendMessageCommand')
    expect(sent?.input).toMatchObject({ MessageAttributes: { 'lambda-once-reason': { StringValue: 'mismatch' } } })
  })
})

test('F5, I33 beside a live claim of its key a message is returned, and its visibility moves to the time left', async () => {
  const [started, over] = [aGate(), aGate()]
  const sqs = fakeSqs()
  const options = optionsOf({ visibility: 'move', sqs })
  const owner = sqsHandler<Order>(async () => {
    started.open()
    await over.opened
  }, options)
  const owning = owner(anEvent(aRecord('a')), aContext())
  await started.opened
  const prefix = aName()
  const handler = sqsWriteHandler<Order>(ordering(prefix), options)
  expect(returned(await handler(anEvent(aRecord('a')), aContext()))).toEqual(['a'])
  expect(movedTo(sqs).a).toBeGreaterThan(10)
  over.open()
  expect(returned(await owning)).toEqual([])
  expect(returned(await handler(redelivered(anEvent(aRecord('a'))), aContext()))).toEqual([])
  expect(await rows(prefix, 'a')).toEqual([false])
})

test('I33 over a held record a message is returned, and the error names the record', async () => {
  const reported: IdempotencyError[] = []
  const options = optionsOf({ abandoned: 'hold', onError: (error) => reported.push(error as IdempotencyError) })
  const failing = sqsHandler<Order>(() => Promise.reject(new Error('boom')), options)
  await failing(anEvent(aRecord('a')), aContext())
  const handler = sqsWriteHandler<Order>(ordering(aName()), options)
  expect(returned(await handler(redelivered(anEvent(aRecord('a'))), aContext()))).toEqual(['a'])
  const { code, message } = reported.at(-1) as IdempotencyError
  expect([code, message]).toEqual(['outcome-unknown', expect.stringContaining('(record orders-')])
})

test('a message that another run has completed as FAILED is returned, and never written', async () => {
  const options = optionsOf()
  const failing = sqsHandler<Order>(() => Promise.reject(new TerminalError('never')), options)
  await failing(anEvent(aRecord('a')), aContext())
  const prefix = aName()
  const handler = sqsWriteHandler<Order>(ordering(prefix), options)
  expect(returned(await handler(anEvent(aRecord('a')), aContext()))).toEqual(['a'])
  expect(await rows(prefix, 'a')).toEqual([false])
})

const withCommit = (store: Store, commit: Store['commit']): Store => ({ ...store, commit })
const failingWith = (error: Error) => () => Promise.reject(error)

describe('F12 A store that is down', () => {
  test('for every message: visibility grows, the invocation throws, and nothing is acknowledged', async () => {
    const sqs = fakeSqs()
    const options = optionsOf({ visibility: 'move', sqs })
    const down = new StoreUnavailableError('down')
    const store: Store = {
      ...withCommit(options.store, failingWith(down)),
      claim: failingWith(down),
      settle: failingWith(down),
      peek: failingWith(down),
    }
    const handler = sqsWriteHandler<Order>(ordering(aName()), { ...options, store })
    const event = anEvent(aRecord('a'), aRecord('b', { receiveCount: 2 }))
    await expect(handler(event, aContext())).rejects.toMatchObject({ code: 'idempotency-unavailable' })
    expect(movedTo(sqs)).toEqual({ a: 60, b: 300 })
  })

  test('for one message returns it alone', async () => {
    const prefix = aName()
    const options = optionsOf()
    const { commit } = options.store
    const store = withCommit(options.store, (claim, wanted, signal) => {
      const isOfA = JSON.stringify(wanted.items).includes(`${prefix}-a`)
      return isOfA ? Promise.reject(new StoreUnavailableError('down')) : commit(claim, wanted, signal)
    })
    const handler = sqsWriteHandler<Order>(ordering(prefix), { ...options, store })
    expect(returned(await handler(anEvent(aRecord('a'), aRecord('b')), aContext()))).toEqual(['a'])
    expect(await rows(prefix, 'a', 'b')).toEqual([false, true])
  })

  test('a table that does not exist throws store-misconfigured, and reports it', async () => {
    const reported: unknown[] = []
    const options = orderOptions('no-such-table', { onError: (error) => reported.push(error) })
    const handler = sqsWriteHandler<Order>(ordering(aName()), options)
    await expect(handler(anEvent(aRecord('a')), aContext())).rejects.toBeInstanceOf(StoreMisconfiguredError)
    expect(reported).toEqual([expect.objectContaining({ code: 'store-misconfigured' })])
  })
})

test('F6 near the deadline no further message starts', async () => {
  const prefix = aName()
  const context = aTimedContext(30_000)
  const handler = sqsWriteHandler<Order>(
    (message) => {
      context.pass(26_000)
      return ordering(prefix)(message)
    },
    optionsOf({ concurrency: 1 }),
  )
  expect(returned(await handler(anEvent(aRecord('a'), aRecord('b')), context))).toEqual(['b'])
  expect(await rows(prefix, 'a', 'b')).toEqual([true, false])
})

test('F9 a message without a usable key fails alone', async () => {
  const handler = sqsWriteHandler<Order>(ordering(aName()), optionsOf())
  const event = anEvent(aRecord('good'), aRecord('no-key', { body: '{}' }), aRecord('not-json', { body: 'x' }))
  expect(returned(await handler(event, aContext()))).toEqual(['no-key', 'not-json'])
})
