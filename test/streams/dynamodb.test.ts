import { unmarshall } from '@aws-sdk/util-dynamodb'
import {
  BatchFailedError,
  type DynamoDbStreamMessage,
  type DynamoDbStreamOptions,
  type DynamoDbStreamRecord,
  dynamoDbStreamHandler,
  type Image,
  skip,
} from '../../lib/streams/index.ts'
import { fixture } from '../support/fixture.ts'
import { aContext } from '../support/sqs.ts'
import { aStreamRecord, identifiers, shardReader, streamOptions } from '../support/streams.ts'

interface Row {
  readonly pk: string
  readonly total: number
}

const scene = (
  more: Partial<DynamoDbStreamOptions<Row>> = {},
  run: (message: DynamoDbStreamMessage<Row>) => unknown = () => {},
) => {
  const { options, events } = streamOptions()
  const runs: string[] = []
  const handler = dynamoDbStreamHandler<Row>(
    (message) => {
      runs.push(message.keys.pk === undefined ? '' : String(Object.values(message.keys.pk)[0]))
      return run(message)
    },
    { ...options, unmarshall: (image) => unmarshall(image) as Row, ...more },
  )
  return { handler, runs, events }
}

test('The captured event of Lambda is a batch; the handler gets the images with their types.', async () => {
  const { options } = streamOptions()
  const seen: DynamoDbStreamMessage<Image>[] = []
  const event = fixture<{ Records: DynamoDbStreamRecord[] }>('dynamodb-streams')
  const handler = dynamoDbStreamHandler((message) => void seen.push(message), options)
  expect(await handler(event, aContext())).toEqual({ batchItemFailures: [] })
  expect(await handler(event, aContext())).toEqual({ batchItemFailures: [] })
  expect(seen).toHaveLength(event.Records.length)
  expect(seen[0]).toEqual({
    eventName: 'INSERT',
    keys: { Id: { N: '101' } },
    newImage: { Message: { S: 'New item!' }, Id: { N: '101' } },
    oldImage: undefined,
    messageId: 'c4ca4238a0b923820dcc509a6f75849b',
    sequenceNumber: '4421584500000000017450439091',
    record: event.Records[0],
  })
})

test('unmarshall makes items of the images.', async () => {
  const seen: unknown[] = []
  const { handler } = scene({}, ({ newImage, oldImage }) => seen.push(newImage, oldImage))
  await handler({ Records: [aStreamRecord('o-1', 1)] }, aContext())
  expect(seen).toEqual([{ pk: 'o-1', total: 12.5 }, undefined])
})

test('F14: the first failure is reported by its sequence number, and the shard is read from there.', async () => {
  let fails = true
  const { handler, runs } = scene({}, ({ newImage }) => {
    if (newImage?.pk === 'b' && fails) throw new Error('b fails')
  })
  const records = ['a', 'b', 'c'].map(aStreamRecord)
  expect(identifiers(await handler({ Records: records }, aContext()))).toEqual([records[1]?.dynamodb?.SequenceNumber])
  fails = false
  await shardReader(records, ({ dynamodb }) => dynamodb?.SequenceNumber ?? '', { batchSize: 2 }).readAll(handler)
  expect(runs).toEqual(['a', 'b', 'b', 'c'])
})

test('F13: a pipe knows each change by its event id.', async () => {
  const { handler } = scene({}, ({ newImage }) => {
    if (newImage?.pk === 'b') throw new Error('b fails')
  })
  const answer = await handler(['a', 'b', 'c'].map(aStreamRecord), aContext())
  expect(identifiers(answer)).toEqual(['event-1', 'event-2'])
})

test('F15: order "item": the changes of one item in order, those of others in parallel.', async () => {
  let running = 0
  let most = 0
  const { handler, runs } = scene({ order: 'item' }, async () => {
    most = Math.max(most, ++running)
    await new Promise(setImmediate)
    running--
  })
  await handler({ Records: ['a', 'a', 'b', 'c', 'a'].map(aStreamRecord) }, aContext())
  expect(most).toBe(3)
  expect(runs.filter((id) => id === 'a')).toHaveLength(3)
})

test('A key of the item: the same change under another event id is one run, another change a mismatch.', async () => {
  const { handler, runs, events } = scene({ key: ({ newImage }) => newImage?.pk })
  await handler({ Records: [aStreamRecord('a', 1)] }, aContext())
  const replicated = { ...aStreamRecord('a', 2), awsRegion: 'eu-west-1' }
  expect(await handler({ Records: [replicated] }, aContext())).toEqual({ batchItemFailures: [] })
  const removed = { ...aStreamRecord('a', 3), eventName: 'REMOVE' as const }
  await expect(handler({ Records: [removed] }, aContext())).rejects.toThrow(BatchFailedError)
  expect(runs).toEqual(['a'])
  expect(events.filter(({ type }) => type === 'mismatched')).toHaveLength(1)
})

test('skip drops the changes that need no run.', async () => {
  const { handler, runs } = scene({ key: ({ eventName, messageId }) => (eventName === 'INSERT' ? messageId : skip) })
  const changes = [aStreamRecord('a', 1), { ...aStreamRecord('b', 2), eventName: 'MODIFY' as const }]
  expect(await handler({ Records: changes }, aContext())).toEqual({ batchItemFailures: [] })
  expect(runs).toEqual(['a'])
})

test('An unmarshall that throws makes its message unusable.', async () => {
  const letters: string[] = []
  const { handler } = scene({
    unmarshall: () => {
      throw new Error('no item')
    },
    deadLetter: ({ reason, part }) => void letters.push(`${reason} ${part}`),
  })
  expect(await handler({ Records: [aStreamRecord('a', 1)] }, aContext())).toEqual({ batchItemFailures: [] })
  expect(letters).toEqual(['unusable body'])
})

test.each<[string, unknown, string]>([
  ['A tumbling window', { Records: [], window: {} }, 'tumbling window'],
  ['An event of Kinesis', { Records: [{ eventID: 'e', kinesis: {} }] }, 'takes the event of a DynamoDB'],
])('%s is refused as event-unsupported.', async (_, event, text) => {
  const refused = scene().handler(event as never, aContext())
  await expect(refused).rejects.toMatchObject({ code: 'event-unsupported', message: expect.stringContaining(text) })
})
