import { z } from 'zod'
import { type IdempotencyEvent, StoreUnavailableError } from '../../lib/index.ts'
import { memoryStore } from '../../lib/memory/index.ts'
import {
  BatchFailedError,
  type KinesisMessage,
  type KinesisOptions,
  type KinesisStreamRecord,
  kinesisHandler,
  NotDoneError,
  skip,
  TerminalError,
} from '../../lib/streams/index.ts'
import { aContext, aGate, aTimedContext, fakeSqs } from '../support/sqs.ts'
import {
  aKinesisRecord,
  identifiers,
  kinesisReader,
  kinesisRecords,
  type Order,
  streamOptions,
} from '../support/streams.ts'

const QUEUE = 'https://sqs.us-east-1.amazonaws.com/123456789012/orders-dead'

/** A handler that notes its runs; `fail` says whether a run throws. */
const scene = (
  more: Partial<KinesisOptions<Order>> = {},
  run: (message: KinesisMessage<Order>, attempt: number) => unknown = () => {},
) => {
  const { options, events } = streamOptions(more.store)
  const runs: string[] = []
  const errors: unknown[] = []
  const handler = kinesisHandler<Order>(
    (message, claim) => {
      runs.push(message.data.orderId)
      return run(message, claim?.attempt ?? 0)
    },
    { ...options, onError: (error) => errors.push(error), ...more },
  )
  /** The partition keys of the messages from which Lambda delivers again. */
  const deliver = async (records = kinesisRecords('a', 'b', 'c'), context = aContext()) => {
    try {
      const answer = await handler({ Records: records }, context)
      const isReported = ({ kinesis }: KinesisStreamRecord) => identifiers(answer).includes(kinesis.sequenceNumber)
      return records.filter(isReported).map(({ kinesis }) => kinesis.partitionKey)
    } catch (error) {
      if (!(error instanceof BatchFailedError)) throw error
      return records.filter(({ eventID }) => eventID === error.messageId).map(({ kinesis }) => kinesis.partitionKey)
    }
  }
  return { handler, deliver, runs, errors, events }
}

const ofType = (events: readonly IdempotencyEvent[], type: IdempotencyEvent['type']) =>
  events.filter((event) => event.type === type)

/** Fails for `id` while `count` lasts. */
const failing = (id: string, count = Number.POSITIVE_INFINITY, error = (): unknown => new Error(`${id} fails`)) => {
  let left = count
  return ({ data }: KinesisMessage<Order>) => {
    if (data.orderId === id && left-- > 0) throw error()
  }
}

test('F14: the first failure ends the batch: it is reported by its sequence number, and no later message starts.', async () => {
  const { deliver, runs, events } = scene({}, failing('b', 1))
  const records = kinesisRecords('a', 'b', 'c', 'd')
  expect(await deliver(records)).toEqual(['b'])
  expect(runs).toEqual(['a', 'b'])
  expect(ofType(events, 'claimed')).toHaveLength(2)
  expect(await deliver(records.slice(1))).toEqual([])
  expect(runs).toEqual(['a', 'b', 'b', 'c', 'd'])
})

test('F14: if the first message of a batch is not done, the invocation throws: a report would deliver the same again.', async () => {
  const { handler, runs } = scene({}, failing('a', 1))
  const records = kinesisRecords('a', 'b')
  const failed = handler({ Records: records }, aContext())
  await expect(failed).rejects.toThrow(`2 of 2 messages are not done; the first is ${records[0]?.eventID}`)
  await expect(failed).rejects.toMatchObject({ name: 'BatchFailedError', messageId: records[0]?.eventID })
  expect(await handler({ Records: records }, aContext())).toEqual({ batchItemFailures: [] })
  expect(runs).toEqual(['a', 'a', 'b'])
})

test('F14: a message that is done does not run again if its shard is read from before it.', async () => {
  const { deliver, runs } = scene({}, failing('b', 1))
  await deliver()
  expect(await deliver()).toEqual([])
  expect(await deliver()).toEqual([])
  expect(runs).toEqual(['a', 'b', 'b', 'c'])
})

test('The handler gets the data, its place in the stream, its claim and the context.', async () => {
  const { options } = streamOptions()
  const seen: unknown[] = []
  const handler = kinesisHandler<Order>((...given) => void seen.push(...given), options)
  const record = aKinesisRecord('a', 7, { partitionKey: 'merchant' })
  const context = aContext()
  await handler({ Records: [record] }, context)
  const { eventID: messageId, kinesis } = record
  expect(seen[0]).toEqual({
    data: { orderId: 'a' },
    messageId,
    partitionKey: 'merchant',
    sequenceNumber: kinesis.sequenceNumber,
    record,
  })
  expect(seen[1]).toMatchObject({ attempt: 1 })
  expect(seen[2]).toBe(context)
})

describe('order', () => {
  const inKeys = (...keys: readonly string[]) =>
    keys.map((partitionKey, place) => aKinesisRecord(`${partitionKey}${place}`, place, { partitionKey }))

  test('"shard" by default: one message runs at a time, whatever its partition key.', async () => {
    let running = 0
    const { deliver, runs } = scene({}, async () => {
      expect(++running).toBe(1)
      await new Promise(setImmediate)
      running--
    })
    await deliver(inKeys('x', 'y', 'x', 'z', 'y'))
    expect(runs).toEqual(['x0', 'y1', 'x2', 'z3', 'y4'])
  })

  test('F15: "partitionKey": keys run in parallel, and the messages of one key in order.', async () => {
    const gate = aGate()
    const { deliver, runs } = scene({ order: 'partitionKey' }, ({ partitionKey }) =>
      partitionKey === 'x' ? gate.opened : undefined,
    )
    const delivered = deliver(inKeys('x', 'y', 'x', 'z', 'y'))
    while (runs.length < 4) await new Promise(setImmediate)
    expect([...runs].sort()).toEqual(['x0', 'y1', 'y4', 'z3'])
    gate.open()
    expect(await delivered).toEqual([])
    expect(runs.indexOf('x2')).toBe(4)
  })

  test('F15: "partitionKey": messages before the failed one still run, those after it do not start, and what is done replays.', async () => {
    const gate = aGate()
    let fails = true
    const { deliver, runs } = scene({ order: 'partitionKey', concurrency: 2 }, ({ data: { orderId } }) => {
      if (!fails || !['x0', 'y2'].includes(orderId)) return undefined
      if (orderId === 'x0') return gate.opened
      gate.open()
      throw new Error('y2 fails')
    })
    const records = inKeys('x', 'x', 'y', 'z', 'x')
    expect(await deliver(records)).toEqual(['y'])
    expect([...runs].sort()).toEqual(['x0', 'x1', 'y2'])
    fails = false
    expect(await deliver(records.slice(2))).toEqual([])
    expect([...runs].sort()).toEqual(['x0', 'x1', 'x4', 'y2', 'y2', 'z3'])
  })
})

describe('F16: a message that can never succeed', () => {
  test('poison holds up its shard without deadLetter, does not run again, and Lambda gives it up.', async () => {
    const { handler, runs, events } = scene({ maxRuns: 2 }, failing('b'))
    const reader = kinesisReader(kinesisRecords('a', 'b', 'c'), { batchSize: 10, maximumRetryAttempts: 4 })
    await reader.readAll(handler)
    expect(runs.filter((id) => id === 'b')).toHaveLength(2)
    expect(ofType(events, 'poisoned')).toMatchObject([{ attempt: 3 }])
    // The batch is given up from the message on: `bisects` would save those after it.
    expect(reader.discarded.map(({ kinesis }) => kinesis.partitionKey)).toEqual(['b', 'c'])
  })

  test('under bisect Lambda gives up the poison only, because the batch that begins with it throws.', async () => {
    const { handler, runs } = scene({ maxRuns: 2 }, failing('b'))
    const options = { batchSize: 10, maximumRetryAttempts: 6, bisects: true }
    const reader = kinesisReader(kinesisRecords('a', 'b', 'c', 'd'), options)
    await reader.readAll(handler)
    expect(reader.discarded.map(({ kinesis }) => kinesis.partitionKey)).toEqual(['b'])
    expect(runs).toEqual(['a', 'b', 'b', 'c', 'd'])
  })

  test('poison is put into the queue as its whole record, and skipped.', async () => {
    const sqs = fakeSqs()
    const { deliver, runs, events } = scene({ maxRuns: 2, deadLetter: { queueUrl: QUEUE }, sqs }, failing('b'))
    const records = kinesisRecords('a', 'b', 'c')
    expect(await deliver(records)).toEqual(['b'])
    expect(await deliver(records)).toEqual(['b'])
    expect(await deliver(records)).toEqual([])
    expect(runs).toEqual(['a', 'b', 'b', 'c'])
    const [poisoned] = ofType(events, 'poisoned') as { recordKey: string; messageId: string }[]
    expect(poisoned?.messageId).toBe(records[1]?.eventID)
    expect(sqs.sent).toEqual([
      {
        command: 'SendMessageCommand',
        input: {
          QueueUrl: QUEUE,
          MessageBody: JSON.stringify(records[1]),
          MessageAttributes: {
            'lambda-once-reason': { DataType: 'String', StringValue: 'poison' },
            'lambda-once-record': { DataType: 'String', StringValue: poisoned?.recordKey },
          },
        },
      },
    ])
    // Its record is FAILED: a second reader skips it again, and sends it again.
    expect(await deliver(records)).toEqual([])
    expect(runs).toHaveLength(4)
  })

  test.each<[string, string, Partial<KinesisOptions<Order>>, ((message: KinesisMessage<Order>) => unknown)?]>([
    ['whose handler throws TerminalError', 'failed', {}, failing('b', 1, () => new TerminalError('no'))],
    ['without a usable key', 'unusable', { key: ({ orderId }) => (orderId === 'b' ? undefined : orderId) }],
    ['without a tenant', 'unusable', { tenant: ({ data }) => (data.orderId === 'b' ? null : 'acme') }],
  ])(
    'one %s goes to a function, and is skipped; without the function it is reported.',
    async (...[, reason, more, run]) => {
      const records = kinesisRecords('a', 'b', 'c')
      const without = scene(more, run)
      expect(await without.deliver(records)).toEqual(['b'])
      expect(without.runs).not.toContain('c')

      const letters: unknown[] = []
      const scened = scene(
        { ...more, deadLetter: async (letter) => void letters.push(letter) },
        run && failing('b', 1, () => new TerminalError('no')),
      )
      expect(await scened.deliver(records)).toEqual([])
      expect(scened.runs).toContain('c')
      expect(letters).toEqual([expect.objectContaining({ messageId: records[1]?.eventID, record: records[1], reason })])
    },
  )

  test('data that does not parse is unusable, and its error quotes nothing.', async () => {
    const { deliver, errors, events } = scene()
    const records = [aKinesisRecord('a', 0), aKinesisRecord('b', 1, { data: '{"secret"', partitionKey: 'b' })]
    expect(await deliver(records)).toEqual(['b'])
    expect(errors).toMatchObject([{ name: 'UnusableMessageError', part: 'body', messageId: records[1]?.eventID }])
    expect(String(errors[0])).not.toContain('secret')
    expect(ofType(events, 'unusable')).toHaveLength(1)
  })

  test('another payload under a known key is a mismatch, and goes to the function.', async () => {
    const letters: { reason: string }[] = []
    const { deliver, runs } = scene({
      key: ({ orderId }) => orderId,
      deadLetter: (letter) => void letters.push(letter),
    })
    const twice = [aKinesisRecord('a', 0), aKinesisRecord('a', 1, { data: '{"orderId":"a","quantity":2}' })]
    expect(await deliver(twice)).toEqual([])
    expect(runs).toEqual(['a'])
    expect(letters.map(({ reason }) => reason)).toEqual(['mismatch'])
  })

  test('if deadLetter fails, nothing is skipped, and the next delivery tries again.', async () => {
    let isDown = true
    const letters: unknown[] = []
    const deadLetter = async (letter: unknown) => {
      if (isDown) throw new Error('no space')
      letters.push(letter)
    }
    const { deliver, runs, events } = scene({ maxRuns: 1, deadLetter }, failing('b'))
    await deliver()
    expect(await deliver()).toEqual(['b'])
    expect(ofType(events, 'queueFailed')).toMatchObject([{ step: 'deadLetter' }])
    isDown = false
    expect(await deliver()).toEqual([])
    expect(letters).toHaveLength(1)
    expect(runs).toEqual(['a', 'b', 'c'])
  })

  test('an asynchronous parse that rejects may succeed later, so the message is never skipped.', async () => {
    const letters: unknown[] = []
    const parse = async (): Promise<Order> => Promise.reject(new Error('network'))
    const { deliver } = scene({ parse, deadLetter: (letter) => void letters.push(letter) })
    for (let delivery = 0; delivery < 5; delivery++) expect(await deliver()).toEqual(['a'])
    expect(letters).toEqual([])
  })
})

test('NotDoneError never becomes poison: the message is reported until it is done.', async () => {
  const { deliver, runs } = scene(
    { maxRuns: 1 },
    failing('a', 3, () => new NotDoneError('later')),
  )
  for (let delivery = 0; delivery < 3; delivery++) expect(await deliver()).toEqual(['a'])
  expect(await deliver()).toEqual([])
  expect(runs).toEqual(['a', 'a', 'a', 'a', 'b', 'c'])
})

describe('F17: the store', () => {
  const downFrom = (count: number) => {
    const store = memoryStore({ skewSeconds: 0 })
    let calls = 0
    const claim: typeof store.claim = async (...given) => {
      if (++calls > count) throw new StoreUnavailableError('down')
      return store.claim(...given)
    }
    return { ...store, claim }
  }

  test('down for all messages: the invocation throws, so that Lambda waits before it delivers again.', async () => {
    const { handler, runs } = scene({ store: downFrom(0) })
    await expect(handler({ Records: kinesisRecords('a', 'b') }, aContext())).rejects.toThrow(StoreUnavailableError)
    expect(runs).toEqual([])
  })

  test('down after a message was done: the next one is reported.', async () => {
    const { deliver, runs } = scene({ store: downFrom(1) })
    expect(await deliver()).toEqual(['b'])
    expect(runs).toEqual(['a'])
  })
})

test('F18: with too little time left the first message that was not tried is reported, without a claim.', async () => {
  const context = aTimedContext(60_000)
  const { deliver, runs, events } = scene({ marginSeconds: 30 }, () => context.pass(20_000))
  expect(await deliver(kinesisRecords('a', 'b', 'c', 'd'), context)).toEqual(['c'])
  expect(runs).toEqual(['a', 'b'])
  expect(ofType(events, 'claimed')).toHaveLength(2)
})

describe('F19: in progress in another invocation', () => {
  test('the message is waited for, and then replayed: the messages after it follow in the same batch.', async () => {
    const gate = aGate()
    const { deliver, runs } = scene({}, ({ data }) => (data.orderId === 'a' ? gate.opened : undefined))
    const first = deliver()
    while (runs.length === 0) await new Promise(setImmediate)
    const second = deliver()
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(runs).toEqual(['a'])
    gate.open()
    expect(await Promise.all([first, second])).toEqual([[], []])
    expect([...runs].sort()).toEqual(['a', 'b', 'c'])
  })

  test('if the time is over first, it is reported.', async () => {
    const gate = aGate()
    const { deliver, runs } = scene({ marginSeconds: 1 }, () => gate.opened)
    const first = deliver()
    while (runs.length === 0) await new Promise(setImmediate)
    expect(await deliver(undefined, aContext(2_500))).toEqual(['a'])
    gate.open()
    await first
  })
})

test('skip: the message needs no run, and holds up nothing.', async () => {
  const { deliver, runs, events } = scene({ key: ({ orderId }) => (orderId === 'b' ? skip : orderId) })
  expect(await deliver()).toEqual([])
  expect(runs).toEqual(['a', 'c'])
  expect(ofType(events, 'dropped')).toHaveLength(1)
})

test('A key of the data also survives a second PutRecord of the producer.', async () => {
  const { deliver, runs } = scene({ key: ({ orderId }) => orderId })
  expect(await deliver([aKinesisRecord('a', 0), aKinesisRecord('a', 1, { data: '{ "orderId": "a" }' })])).toEqual([])
  expect(runs).toEqual(['a'])
})

test('A validator makes the data; a record that it refuses is unusable.', async () => {
  const { options } = streamOptions()
  const seen: Date[] = []
  const handler = kinesisHandler(({ data }) => void seen.push(data.at), {
    ...options,
    parse: z.object({ at: z.coerce.date() }),
  })
  const records = [
    aKinesisRecord('', 0, { data: '{"at":"2026-01-01T00:00:00Z"}' }),
    aKinesisRecord('', 1, { data: '{"at":"no"}' }),
  ]
  expect(identifiers(await handler({ Records: records }, aContext()))).toEqual([records[1]?.kinesis.sequenceNumber])
  expect(seen).toEqual([new Date('2026-01-01T00:00:00Z')])
})

test('Bytes that are not text are told apart byte by byte.', async () => {
  const { deliver, runs } = scene({ key: () => 'k', parse: (_text, { kinesis }) => ({ orderId: kinesis.data }) })
  const record = (place: number, ...bytes: number[]) =>
    aKinesisRecord('', place, { data: Uint8Array.from(bytes), partitionKey: `${place}` })
  expect(await deliver([record(0, 0xff, 1), record(1, 0xff, 1), record(2, 0xff, 2)])).toEqual(['2'])
  expect(runs).toEqual(['/wE='])
})

test('A record that the KPL has aggregated is refused by name; a function "parse" gets it.', async () => {
  const data = Uint8Array.from([0xf3, 0x89, 0x9a, 0xc2, 0x0a, 0x01])
  const { deliver, errors } = scene()
  expect(await deliver([aKinesisRecord('a', 0, { data })])).toEqual(['p'])
  expect(String(errors[0])).toContain('The Kinesis Producer Library has aggregated several records in it')
  const parsed = scene({ parse: () => ({ orderId: 'a' }) })
  expect(await parsed.deliver([aKinesisRecord('a', 0, { data })])).toEqual([])
})

describe('F13: EventBridge Pipes', () => {
  const piped = kinesisRecords('a', 'b', 'c').map(({ kinesis, ...rest }) => ({ ...rest, ...kinesis }))

  test('delivers a bare array of flat records, and knows each by its event id.', async () => {
    const { handler, runs } = scene({}, failing('b'))
    const answer = await handler(piped, aContext())
    expect(identifiers(answer)).toEqual(piped.slice(1).map(({ eventID }) => eventID))
    expect(runs).toEqual(['a', 'b'])
  })

  test('the handler sees the record in the form of an event source mapping.', async () => {
    const { options } = streamOptions()
    const seen: unknown[] = []
    const handler = kinesisHandler<Order>(({ record }) => void seen.push(record), options)
    await handler(piped.slice(0, 1), aContext())
    expect(seen).toEqual(kinesisRecords('a'))
  })
})

test.each<[string, unknown, string]>([
  [
    'a tumbling window',
    { Records: [], window: { start: '', end: '' }, isFinalInvokeForWindow: false },
    'tumbling window',
  ],
  ['messages of SQS', { Records: [{ messageId: 'm', body: '{}' }] }, 'takes the event of a Kinesis'],
  ['no event', undefined, 'takes the event of a Kinesis'],
  ['an array with a hole', [null], 'takes the event of a Kinesis'],
])('%s is refused as event-unsupported.', async (_, event, text) => {
  const { handler } = scene()
  const refused = handler(event as never, aContext())
  await expect(refused).rejects.toMatchObject({ code: 'event-unsupported' })
  await expect(refused).rejects.toThrow(text)
})

test('What your functions do to a record changes neither the answer nor the dead letter.', async () => {
  const letters: { record: unknown }[] = []
  const { deliver } = scene({
    deadLetter: (letter) => void letters.push(letter),
    key: (_data, { record }) => {
      Object.assign(record.kinesis, { data: 'changed' })
      return undefined
    },
  })
  const records = kinesisRecords('a')
  const copies = structuredClone(records)
  expect(await deliver(records)).toEqual([])
  expect(letters.map(({ record }) => record)).toEqual(copies)
})
