import { once } from '../../lib/index.ts'
import { memoryStore } from '../../lib/memory/index.ts'
import {
  asynchronousKey,
  type DynamoDbStreamRecord,
  dynamoDbStreamKey,
  eventBridgeKey,
  type KafkaRecord,
  type KinesisRecord,
  kafkaKey,
  kinesisKey,
  type S3Record,
  type SnsRecord,
  type StepFunctionsContext,
  s3Key,
  schedulerKey,
  snsKey,
  stepFunctionsKey,
} from '../../lib/sources/index.ts'
import { fixture } from '../support/fixture.ts'

const sns = fixture<{ Records: SnsRecord[] }>('sns')
const kinesis = fixture<{ Records: KinesisRecord[] }>('kinesis')
const dynamoDbStreams = fixture<{ Records: DynamoDbStreamRecord[] }>('dynamodb-streams')
const kafka = fixture<{ records: { 'mytopic-0': KafkaRecord[] } }>('kafka')
const s3 = fixture<{ Records: S3Record[] }>('s3')
const stepFunctions = fixture<{ context: StepFunctionsContext }>('step-functions')
const request = fixture<object>('http-api-request')

const first = <T>([record]: readonly T[]): T => record as T

/** The key function, a captured event, the expected key, and the members that a redelivery changes. */
const SOURCES: Record<string, { key: (event: never) => string; event: unknown; expected: string; again: object }> = {
  SNS: {
    key: snsKey,
    event: first(sns.Records),
    expected: '95df01b4-ee98-5cb9-9903-4c221d41eb5e',
    again: { EventSubscriptionArn: 'another subscriber' },
  },
  EventBridge: {
    key: eventBridgeKey,
    event: fixture('event-bridge'),
    expected: '6a7e8feb-b491-4cf7-a9f1-bf3703467718',
    again: { 'replay-name': 'replayed from an archive' },
  },
  'EventBridge Scheduler': {
    key: schedulerKey,
    event: fixture('scheduler'),
    expected: '["arn:aws:scheduler:us-east-1:123456789012:schedule/default/nightly-invoices","2026-03-22T18:59:43Z"]',
    again: { executionId: 'another', attemptNumber: '2' },
  },
  Kinesis: {
    key: kinesisKey,
    event: first(kinesis.Records),
    expected: 'shardId-000000000006:49590338271490256608559692538361571095921575989136588898',
    again: { invokeIdentityArn: 'another' },
  },
  'DynamoDB Streams': {
    key: dynamoDbStreamKey,
    event: first(dynamoDbStreams.Records),
    expected: 'c4ca4238a0b923820dcc509a6f75849b',
    again: {},
  },
  Kafka: {
    key: kafkaKey,
    event: first(kafka.records['mytopic-0']),
    expected: '["mytopic","0","15"]',
    again: { partition: '0' },
  },
  S3: {
    key: s3Key,
    event: first(s3.Records),
    expected:
      '["amzn-s3-demo-bucket","invoices/2026/b21b84d653bb07b05b1e6b33684dc11b.pdf","096fKKXTRTtl3on89fVO.nfljtsv6qko","0C0F6F405D6ED209E1"]',
    again: { responseElements: { 'x-amz-request-id': 'another' } },
  },
  'an asynchronous invocation': {
    key: asynchronousKey,
    event: fixture('asynchronous'),
    expected: 'c6af9ac6-7b61-11e6-9a41-93e8deadbeef',
    again: { logStreamName: 'another host' },
  },
  'Step Functions': {
    key: stepFunctionsKey,
    event: stepFunctions.context,
    expected:
      '["arn:aws:states:us-east-1:123456789012:execution:fulfilment:4b2f1c52-7c5b-4d5c-9d28-6ad1a5a2b7f0","ChargeCard",null,null]',
    again: { State: { Name: 'ChargeCard', RetryCount: 1, EnteredTime: 'later' }, Task: { Token: 'another' } },
  },
}

test.each(Object.entries(SOURCES))(
  'F8: the key of %s is the same on a redelivery, which does not run again.',
  async (_, source) => {
    const key = source.key(source.event as never)
    expect(key).toBe(source.expected)
    const again = source.key({ ...(source.event as object), ...source.again } as never)
    expect(again).toBe(key)
    let runs = 0
    const run = once({ store: memoryStore(), operation: 'events' })
    for (const delivered of [key, again]) {
      await run({ key: delivered, tenant: 'single-tenant', payload: null }, () => void runs++)
    }
    expect(runs).toBe(1)
  },
)

test.each(Object.entries(SOURCES))(
  'F8: an event of %s without its field has no key, and neither has an API request.',
  (_, { key }) => {
    for (const event of [{}, undefined, request]) {
      expect(() => key(event as never)).toThrow(expect.objectContaining({ code: 'key-missing' }))
    }
  },
)

test('F8: each record of a stream has its own key.', () => {
  expect(new Set(kinesis.Records.map(kinesisKey)).size).toBe(2)
  expect(new Set(dynamoDbStreams.Records.map(dynamoDbStreamKey)).size).toBe(2)
})

test('F8: no two S3 objects, versions or puts share a key, whatever their names contain.', () => {
  const record = (name: string, key: string, sequencer: string, versionId?: string) => ({
    s3: { bucket: { name }, object: { key, sequencer, ...(versionId === undefined ? {} : { versionId }) } },
  })
  const records = [
    record('b', 'k', 's'),
    record('b', 'k', 's', 'v'),
    record('b', 'k', 's2'),
    record('b', 'k","v', 's'),
    record('b', 'k', 's', 'null'),
    record('b","k', 'k', 's'),
    record('b/k', 'k', 's'),
    record('b', 'k/k', 's'),
  ]
  expect(new Set(records.map(s3Key)).size).toBe(records.length)
})

test('F8: an S3 notification without a sequencer has no key.', () => {
  expect(() => s3Key({ s3: { bucket: { name: 'b' }, object: { key: 'k' } } })).toThrow('s3.object.sequencer')
})

test('F8: each item of a Map, and each pass of a loop, has its own key.', () => {
  const inMap = (Index: number) => ({ ...stepFunctions.context, Map: { Item: { Index } } })
  const keys = [
    stepFunctionsKey(stepFunctions.context),
    stepFunctionsKey(inMap(0)),
    stepFunctionsKey(inMap(1)),
    stepFunctionsKey(stepFunctions.context, 1),
    stepFunctionsKey(stepFunctions.context, 2),
  ]
  expect(new Set(keys).size).toBe(keys.length)
})

test.each([Number.NaN, Number.POSITIVE_INFINITY])('F8: an iteration of %p has no key.', (iteration) => {
  expect(() => stepFunctionsKey(stepFunctions.context, iteration)).toThrow(`The iteration is ${iteration}; it must be`)
})
