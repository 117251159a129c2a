import { setTimeout as sleep } from 'node:timers/promises'
import type { SQSEvent } from 'aws-lambda'
import type { Invoked } from '../../local/functions/invoked.ts'
import { returnedIds } from '../../local/queue/batch-answer.ts'
import { type EventSource, startEventSource } from '../../local/queue/event-source.ts'
import { type MemoryQueue, memoryQueue } from '../../local/queue/memory-queue.ts'

const ARN = 'arn:aws:sqs:us-east-1:123456789012:orders'

let queue: MemoryQueue
let source: EventSource
let events: SQSEvent[]
let ahead: number
let answer: (event: SQSEvent) => Invoked | Promise<Invoked>

beforeEach(() => {
  ahead = 0
  events = []
  answer = () => ({ kind: 'returned', result: { batchItemFailures: [] } })
  const reasonOf = async (): Promise<string> => 'maxReceiveCount'
  queue = memoryQueue({ visibilitySeconds: 5, maxReceiveCount: 3, reasonOf, now: () => Date.now() + ahead })
  const invoke = async (event: unknown): Promise<Invoked> => {
    events.push(event as SQSEvent)
    return answer(event as SQSEvent)
  }
  source = startEventSource({ queue, worker: { invoke }, identity: { arn: ARN, region: 'us-east-1' } })
})
afterEach(() => source.stop())

const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await sleep(5)
}
const left = (): number => queue.count().visible + queue.count().inFlight
const bodiesOf = (event: SQSEvent | undefined): unknown => event?.Records.map(({ body }) => body)

/** Moves the queue's clock, without real waiting. */
const untilVisible = (): void => {
  ahead += 5_000
}

test('A message becomes the same record as on Lambda.', async () => {
  const before = Date.now()
  const messageId = queue.send('{"orderId":"o-1"}')
  await until(() => events.length === 1)
  const record = events[0]?.Records[0]
  expect(events[0]).toEqual({
    Records: [
      {
        messageId,
        receiptHandle: expect.any(String),
        body: '{"orderId":"o-1"}',
        attributes: {
          ApproximateReceiveCount: '1',
          SentTimestamp: expect.stringMatching(/^\d{13}$/),
          SenderId: expect.any(String),
          ApproximateFirstReceiveTimestamp: expect.stringMatching(/^\d{13}$/),
        },
        messageAttributes: {},
        md5OfBody: 'd43159842a6911108856bdc9a0a71621',
        eventSource: 'aws:sqs',
        eventSourceARN: ARN,
        awsRegion: 'us-east-1',
      },
    ],
  })
  expect(Number(record?.attributes.SentTimestamp)).toBeGreaterThanOrEqual(before)
})

test('Messages come in batches of at most ten, at most five batches at once.', async () => {
  let open = (): void => {}
  const gate = new Promise<void>((resolve) => {
    open = resolve
  })
  answer = async () => {
    await gate
    return { kind: 'returned', result: null }
  }
  for (let count = 0; count < 63; count++) queue.send('{}')
  await until(() => events.length === 5)
  await sleep(150)
  expect(events.map(({ Records }) => Records.length)).toEqual([10, 10, 10, 10, 10])
  open()
  await until(() => left() === 0)
  expect(events.map(({ Records }) => Records.length)).toEqual([10, 10, 10, 10, 10, 10, 3])
})

test('Only reported failures come back, after the visibility timeout, with the next receive count.', async () => {
  answer = ({ Records }) => ({
    kind: 'returned',
    result: { batchItemFailures: events.length > 1 ? [] : [{ itemIdentifier: Records[1]?.messageId }] },
  })
  for (const body of ['a', 'b', 'c']) queue.send(body)
  await until(() => events.length === 1 && left() === 1)
  await sleep(150)
  expect(events.map(bodiesOf)).toEqual([['a', 'b', 'c']])
  untilVisible()
  await until(() => left() === 0)
  expect(events.map(bodiesOf)).toEqual([['a', 'b', 'c'], ['b']])
  expect(events[1]?.Records[0]?.attributes.ApproximateReceiveCount).toBe('2')
})

test('If the worker cannot run, messages go to the dead-letter queue after one receive for each visibility timeout.', async () => {
  answer = () => ({ kind: 'died' })
  queue.send('a')
  for (const receives of [1, 2, 3]) {
    await until(() => events.length === receives)
    untilVisible()
  }
  await until(() => left() === 0)
  expect(events).toHaveLength(3)
  expect(await queue.deadLetters()).toEqual([{ body: 'a', reason: 'maxReceiveCount' }])
})

test('After a stop no message is delivered, and a late answer removes none.', async () => {
  let end = (_: Invoked): void => {}
  answer = () =>
    new Promise((resolve) => {
      end = resolve
    })
  queue.send('a')
  await until(() => events.length === 1)
  source.stop()
  queue.send('b')
  end({ kind: 'returned', result: null })
  await sleep(150)
  expect(events).toHaveLength(1)
  expect(queue.count()).toEqual({ visible: 1, inFlight: 1 })
})

const returned = (result: unknown): Invoked => ({ kind: 'returned', result })

test.each<[string, Invoked, readonly string[]]>([
  ['nothing', returned(null), []],
  ['an empty object', returned({}), []],
  ['no failures', returned({ batchItemFailures: [] }), []],
  ['null for failures', returned({ batchItemFailures: null }), []],
  ['one failure', returned({ batchItemFailures: [{ itemIdentifier: 'b' }] }), ['b']],
  ['a failure that is not in the batch', returned({ batchItemFailures: [{ itemIdentifier: 'x' }] }), ['a', 'b']],
  ['an empty id', returned({ batchItemFailures: [{ itemIdentifier: '' }] }), ['a', 'b']],
  ['no id', returned({ batchItemFailures: [{ messageId: 'a' }] }), ['a', 'b']],
  ['null for a failure', returned({ batchItemFailures: [null] }), ['a', 'b']],
  ['failures that are no list', returned({ batchItemFailures: 'a' }), ['a', 'b']],
  ['a throw', { kind: 'threw' }, ['a', 'b']],
  ['a crash', { kind: 'died' }, ['a', 'b']],
  ['a time-out', { kind: 'timed-out' }, ['a', 'b']],
])('After %s, the right messages stay on the queue.', (_, invoked, ids) => {
  expect(returnedIds(invoked, ['a', 'b'])).toEqual(ids)
})
