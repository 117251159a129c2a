import { type MemoryQueue, memoryQueue, type Received } from '../../local/queue/memory-queue.ts'

let now: number
let queue: MemoryQueue

beforeEach(() => {
  now = 1_000
  const reasonOf = async (body: string): Promise<string> => `reason of ${body}`
  queue = memoryQueue({ visibilitySeconds: 5, maxReceiveCount: 2, reasonOf, now: () => now })
})

const receiveOne = (): Received => {
  const [message] = queue.receive(10)
  if (message === undefined) throw new Error('Nothing is visible')
  return message
}

test('A message is delivered once, and again after its visibility timeout, with the next receive count.', () => {
  const messageId = queue.send('a')
  const first = receiveOne()
  expect(first).toMatchObject({ messageId, body: 'a', receiveCount: 1, sentAt: 1_000, firstReceivedAt: 1_000 })
  now += 4_999
  expect(queue.receive(10)).toEqual([])
  now += 1
  const second = receiveOne()
  expect(second).toMatchObject({ messageId, receiveCount: 2, sentAt: 1_000, firstReceivedAt: 1_000 })
  expect(second.receiptHandle).not.toBe(first.receiptHandle)
})

test('A receive returns at most as many messages as asked for, the oldest first.', () => {
  for (const body of ['a', 'b', 'c']) queue.send(body)
  expect(queue.receive(2).map(({ body }) => body)).toEqual(['a', 'b'])
  expect(queue.receive(2).map(({ body }) => body)).toEqual(['c'])
})

test('It counts visible messages and messages in flight.', () => {
  queue.send('a')
  queue.send('b')
  queue.receive(1)
  expect(queue.count()).toEqual({ visible: 1, inFlight: 1 })
  now += 5_000
  expect(queue.count()).toEqual({ visible: 2, inFlight: 0 })
})

test('A removed message does not come back; the receipt handle of an earlier receive removes nothing.', () => {
  queue.send('a')
  const first = receiveOne()
  now += 5_000
  const second = receiveOne()
  queue.remove(first.receiptHandle)
  expect(queue.count()).toEqual({ visible: 0, inFlight: 1 })
  queue.remove(second.receiptHandle)
  expect(queue.count()).toEqual({ visible: 0, inFlight: 0 })
})

test.each([0, 60])('A message can be hidden for %d s from now.', (seconds) => {
  queue.send('a')
  const { receiptHandle } = receiveOne()
  now += 1_000
  expect(queue.delayFor(receiptHandle, seconds)).toBe(true)
  now += seconds * 1_000 - 1
  expect(queue.count()).toEqual({ visible: 0, inFlight: 1 })
  now += 1
  expect(queue.count()).toEqual({ visible: 1, inFlight: 0 })
})

test('Only the valid receipt handle can hide a message.', () => {
  queue.send('a')
  const { receiptHandle } = receiveOne()
  expect(queue.delayFor('none', 60)).toBe(false)
  now += 5_000
  expect(queue.delayFor(receiptHandle, 60)).toBe(false)
  receiveOne()
  expect(queue.delayFor(receiptHandle, 60)).toBe(false)
})

test('A message that is visible after its last receive becomes a dead letter with a reason, and is not delivered.', async () => {
  queue.send('a')
  for (const receiveCount of [1, 2]) {
    expect(receiveOne().receiveCount).toBe(receiveCount)
    now += 5_000
  }
  expect(await queue.deadLetters()).toEqual([])
  expect(queue.receive(10)).toEqual([])
  expect(await queue.deadLetters()).toEqual([{ body: 'a', reason: 'reason of a' }])
  expect(queue.count()).toEqual({ visible: 0, inFlight: 0 })
})
