import { BatchFailedError, type KafkaMessage, type KafkaOptions, kafkaHandler } from '../../lib/streams/index.ts'
import { fixture } from '../support/fixture.ts'
import { aContext, aGate } from '../support/sqs.ts'
import { aKafkaRecord, identifiers, kafkaEvent, type Order, streamOptions } from '../support/streams.ts'

const scene = (more: Partial<KafkaOptions<Order>> = {}, run: (message: KafkaMessage<Order>) => unknown = () => {}) => {
  const { options, events } = streamOptions()
  const runs: string[] = []
  const handler = kafkaHandler<Order>(
    (message) => {
      runs.push(message.value?.orderId ?? 'tombstone')
      return run(message)
    },
    { ...options, ...more },
  )
  return { handler, runs, events }
}

const failingOnce = (id: string) => {
  let fails = true
  return ({ value }: KafkaMessage<Order>) => {
    if (value.orderId !== id || !fails) return
    fails = false
    throw new Error(`${id} fails`)
  }
}

test('F20: under "throw" a failure throws, the whole batch is delivered again, and what is done does not run again.', async () => {
  const { handler, runs } = scene({}, failingOnce('b'))
  const event = kafkaEvent(aKafkaRecord('a', 0), aKafkaRecord('b', 1), aKafkaRecord('c', 2))
  const failed = handler(event, aContext())
  await expect(failed).rejects.toThrow(BatchFailedError)
  await expect(failed).rejects.toMatchObject({ messageId: 'orders-0-1', message: expect.stringContaining('2 of 3') })
  expect(await handler(event, aContext())).toEqual({ batchItemFailures: [] })
  expect(runs).toEqual(['a', 'b', 'b', 'c'])
})

test('F20: under "report" each partition is delivered from its first message that is not done.', async () => {
  const { handler, runs } = scene({ failures: 'report' }, failingOnce('b'))
  const other = (id: string, offset: number) => aKafkaRecord(id, offset, { partition: 1 })
  const event = kafkaEvent(
    aKafkaRecord('a', 10),
    aKafkaRecord('b', 11),
    aKafkaRecord('c', 12),
    other('x', 5),
    other('y', 6),
  )
  expect(identifiers(await handler(event, aContext()))).toEqual([{ partition: 'orders-0', offset: 11 }])
  expect([...runs].sort()).toEqual(['a', 'b', 'x', 'y'])
  const again = kafkaEvent(aKafkaRecord('b', 11), aKafkaRecord('c', 12))
  expect(await handler(again, aContext())).toEqual({ batchItemFailures: [] })
  expect(runs.filter((id) => 'abc'.includes(id))).toEqual(['a', 'b', 'b', 'c'])
})

test('F20: under "report" a batch of which nothing is done throws.', async () => {
  const { handler } = scene({ failures: 'report' }, failingOnce('a'))
  await expect(handler(kafkaEvent(aKafkaRecord('a', 0), aKafkaRecord('b', 1)), aContext())).rejects.toThrow(
    BatchFailedError,
  )
})

test('F13: a pipe reads no report of Kafka, so a failure throws there.', async () => {
  const { handler, runs } = scene({ failures: 'report' }, failingOnce('b'))
  const piped = [aKafkaRecord('a', 0), aKafkaRecord('b', 1)].map((record) => ({ ...record, partition: '0' }))
  await expect(handler(piped, aContext())).rejects.toThrow(BatchFailedError)
  expect(await handler(piped, aContext())).toEqual({ batchItemFailures: [] })
  expect(runs).toEqual(['a', 'b', 'b'])
})

test('F15: partitions run in parallel, and the messages of one partition in order.', async () => {
  const gate = aGate()
  const { handler, runs } = scene({}, ({ partition }) => (partition === 0 ? gate.opened : undefined))
  const other = aKafkaRecord('x', 0, { partition: 1 })
  const delivered = handler(kafkaEvent(aKafkaRecord('a', 0), aKafkaRecord('b', 1), other), aContext())
  while (!runs.includes('x')) await new Promise(setImmediate)
  expect(runs).not.toContain('b')
  gate.open()
  await delivered
  expect(runs.indexOf('a')).toBeLessThan(runs.indexOf('b'))
})

test('F15: order "key": the messages of one key in order, others in parallel.', async () => {
  const gate = aGate()
  const { handler, runs } = scene({ order: 'key' }, ({ key }) => (key === 'k' ? gate.opened : undefined))
  const [a, b] = [aKafkaRecord('a', 0, { key: 'k' }), aKafkaRecord('b', 1, { key: 'k' })]
  const delivered = handler(kafkaEvent(a, b, aKafkaRecord('x', 2)), aContext())
  while (!runs.includes('x')) await new Promise(setImmediate)
  expect(runs).toEqual(['a', 'x'])
  gate.open()
  await delivered
  expect(runs).toEqual(['a', 'x', 'b'])
})

test('The documented event of Lambda is a batch; the handler gets key and value as text, and the place.', async () => {
  const { options } = streamOptions()
  const seen: KafkaMessage<string>[] = []
  const event = fixture<ReturnType<typeof kafkaEvent>>('kafka')
  const handler = kafkaHandler<string>((message) => void seen.push(message), { ...options, parse: (text) => text })
  expect(await handler(event, aContext())).toEqual({ batchItemFailures: [] })
  expect(seen).toEqual([
    {
      value: '{"key":"value"}',
      key: 'recordKey',
      topic: 'mytopic',
      partition: 0,
      offset: 15,
      messageId: 'mytopic-0-15',
      record: event.records['mytopic-0']?.[0],
    },
  ])
})

test('A tombstone has the value null; another key is another payload.', async () => {
  const { handler, runs } = scene({ key: () => 'gone' })
  const tombstone = (offset: number, key: string) => kafkaEvent(aKafkaRecord('', offset, { key, value: null }))
  await handler(tombstone(0, 'k'), aContext())
  expect(await handler(tombstone(1, 'k'), aContext())).toEqual({ batchItemFailures: [] })
  await expect(handler(tombstone(2, 'other'), aContext())).rejects.toThrow(BatchFailedError)
  expect(runs).toEqual(['tombstone'])
})

test.each<[string, unknown]>([
  ['An event of Kinesis', { Records: [] }],
  ['A record without an offset', { records: { 't-0': [{ topic: 't', partition: 0 }] } }],
  ['An array of other things', [{ messageId: 'm' }]],
])('%s is refused as event-unsupported.', async (_, event) => {
  await expect(scene().handler(event as never, aContext())).rejects.toMatchObject({ code: 'event-unsupported' })
})
