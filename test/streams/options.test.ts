import { memoryStore } from '../../lib/memory/index.ts'
import { dynamoDbStreamHandler, kafkaHandler, kinesisHandler } from '../../lib/streams/index.ts'

const common = { store: memoryStore(), operation: 'orders', tenant: 'single-tenant' }
const URL = 'https://sqs.us-east-1.amazonaws.com/123456789012/dead'

test.each<[string, (options: never) => unknown]>([
  ['kinesisHandler', (options) => kinesisHandler(() => {}, options)],
  ['dynamoDbStreamHandler', (options) => dynamoDbStreamHandler(() => {}, options)],
  ['kafkaHandler', (options) => kafkaHandler(() => {}, options)],
])('%s refuses options that cannot be right, by name, value and rule.', (name, build) => {
  const refusals: readonly (readonly [object, string])[] = [
    [{ deadLetter: { queueUrl: `${URL}.fifo` } }, '"deadLetter" is an object; it must be a function, or { queueUrl }'],
    [{ sqs: { send: () => {} } }, '"sqs" is of no use without deadLetter: { queueUrl }'],
    [{ sqs: { send: () => {} }, deadLetter: () => {} }, '"sqs" is of no use without deadLetter: { queueUrl }'],
    [{ abandoned: 'hold', maxRuns: 3 }, '"maxRuns" is of no use under abandoned: "hold"'],
    [{ key: 'messageId' }, '"key" is "messageId"; it must be a function, or "'],
    [{ visibility: 'move' }, '"visibility" is not known'],
  ]
  for (const [more, text] of refusals) {
    expect(() => build({ ...common, ...more } as never)).toThrow(`${name}(handler, options): option ${text}`)
  }
  expect(() => build({ ...common, deadLetter: { queueUrl: URL }, sqs: { send: () => {} } } as never)).not.toThrow()
  expect(() => build(undefined as never)).toThrow('option "options" is undefined; it must be an object')
})

test.each<[string, () => unknown]>([
  ['kinesisHandler', () => kinesisHandler('no' as never, common as never)],
  ['dynamoDbStreamHandler', () => dynamoDbStreamHandler('no' as never, common as never)],
  ['kafkaHandler', () => kafkaHandler('no' as never, common as never)],
])('%s takes a function only.', (name, build) => {
  expect(build).toThrow(`${name}(handler, options): option "handler" must be a function`)
})

test('concurrency is refused where one message of a shard runs at a time.', () => {
  const refused = 'option "concurrency" is of no use under order: "shard"'
  for (const order of [undefined, 'shard'] as const) {
    expect(() => kinesisHandler(() => {}, { ...common, concurrency: 5, order } as never)).toThrow(refused)
    expect(() => dynamoDbStreamHandler(() => {}, { ...common, concurrency: 5, order } as never)).toThrow(refused)
  }
  expect(() => kinesisHandler(() => {}, { ...common, concurrency: 5, order: 'partitionKey' } as never)).not.toThrow()
  expect(() => dynamoDbStreamHandler(() => {}, { ...common, concurrency: 5, order: 'item' } as never)).not.toThrow()
  expect(() => kafkaHandler(() => {}, { ...common, concurrency: 5 } as never)).not.toThrow()
})

test('A handler has two parameters: nodejs24.x refuses three.', () => {
  const handlers = [kinesisHandler, dynamoDbStreamHandler, kafkaHandler].map((make) => make(() => {}, common as never))
  expect(handlers.map(({ length }) => length)).toEqual([2, 2, 2])
})
