import { memoryStore } from '../../lib/memory/index.ts'
import { type SqsOptions, snsInSqs, sqsHandler } from '../../lib/sqs/index.ts'
import { fixture } from '../support/fixture.ts'
import { aContext, anEvent, aRecord, type Order, returned } from '../support/sqs.ts'

/** Delivers the bodies one after the other. Answers which of them ran, and which were returned. */
const delivered = async <TBody>(
  options: Pick<SqsOptions<TBody>, 'key' | 'parse' | 'payload'>,
  ...bodies: readonly unknown[]
): Promise<{ runs: string[]; back: string[] }> => {
  const runs: string[] = []
  const handler = sqsHandler<TBody>(({ messageId }) => void runs.push(messageId), {
    store: memoryStore(),
    operation: 'orders',
    tenant: 'single-tenant',
    onError: () => {},
    ...options,
  })
  const back: string[] = []
  for (const [index, body] of bodies.entries()) {
    const record = aRecord('x', {
      messageId: `m-${index}`,
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
    back.push(...returned(await handler(anEvent(record), aContext())))
  }
  return { runs, back }
}

const ACKNOWLEDGED = { runs: ['m-0'], back: [] }
const MISMATCHED = { runs: ['m-0'], back: ['m-1'] }

const detailKey = { key: (event: { detail: { orderId: string } }) => event.detail.orderId }
const event = (more: object = {}) => ({
  version: '0',
  id: '6a7e8feb-b491-4cf7-a9f1-bf3703467718',
  'detail-type': 'OrderPlaced',
  source: 'shop.orders',
  account: '111122223333',
  time: '2026-12-22T18:43:48Z',
  region: 'eu-central-1',
  resources: [],
  detail: { orderId: 'o-1', amount: 12345678901 },
  ...more,
})
const again = { id: '0c1e8feb-b491-4cf7-a9f1-bf3703467718', time: '2026-12-22T18:44:48Z' }

describe('An EventBridge event in a queue', () => {
  test.each<[string, object]>([
    ['its producer puts again', again],
    ['is replayed from an archive', { 'replay-name': 'r-1' }],
    ['is put again, and replayed', { ...again, 'replay-name': 'r-1' }],
  ])('that %s is acknowledged: its key and the producer’s part are the same.', async (_, more) => {
    expect(await delivered(detailKey, event(), event(more))).toEqual(ACKNOWLEDGED)
  })

  test.each<[string, object]>([
    ['type', { 'detail-type': 'OrderCancelled' }],
    ['source', { source: 'shop.returns' }],
    ['account', { account: '444455556666' }],
    ['region', { region: 'eu-west-1' }],
    ['resource', { resources: ['arn:aws:x:::y'] }],
    ['detail', { detail: { orderId: 'o-1', amount: 2 } }],
    ['id within its detail', { detail: { orderId: 'o-1', amount: 12345678901, id: 'x', time: 'y' } }],
    ['detail without a member', { detail: { orderId: 'o-1' } }],
  ])('with the same key and another %s is a mismatch.', async (_, more) => {
    expect(await delivered(detailKey, event(), event({ ...again, ...more }))).toEqual(MISMATCHED)
  })

  test('with a number that only JSON.parse rounds to the same value is a mismatch.', async () => {
    const text = (more: object, amount: string) => JSON.stringify(event(more)).replace('12345678901', amount)
    expect(await delivered(detailKey, text({}, '9007199254740992'), text(again, '9007199254740993'))).toEqual(
      MISMATCHED,
    )
    expect(await delivered(detailKey, text({}, '9007199254740993'), text(again, '9007199254740993'))).toEqual(
      ACKNOWLEDGED,
    )
  })

  test('that an input transformer has reduced still counts as an event.', async () => {
    const reduced = (id: string) => ({ id, time: id, detail: { orderId: 'o-1' } })
    expect(await delivered(detailKey, reduced('1'), reduced('2'))).toEqual(ACKNOWLEDGED)
  })

  test('of an AWS service is never put again: another id is another event, even if the detail is equal.', async () => {
    const ec2 = fixture<object>('event-bridge')
    const key = { key: (body: { detail: Record<string, string> }) => body.detail['instance-id'] }
    expect(await delivered(key, ec2, { ...ec2, ...again })).toEqual(MISMATCHED)
    expect(await delivered(key, ec2, { ...ec2, 'replay-name': 'r-1' })).toEqual(ACKNOWLEDGED)
  })

  test.each<[string, object, object]>([
    ['has a member that EventBridge does not set', event({ amount: 1 }), event({ ...again, amount: 1 })],
    ['has an id that is a number', event({ id: 1 }), event({ id: 2 })],
    ['has no time', event({ time: undefined }), event({ ...again, time: undefined })],
  ])('is not recognised if it %s: its id counts.', async (_, first, second) => {
    expect(await delivered(detailKey, first, second)).toEqual(MISMATCHED)
  })

  test('is not recognised if its detail is not an object or has a member twice: its id counts.', async () => {
    const key = { key: () => 'k' }
    expect(await delivered(key, event({ detail: [1] }), event({ ...again, detail: [1] }))).toEqual(MISMATCHED)
    const twice = (more: object) => JSON.stringify(event(more)).replace('"orderId"', '"orderId":1,"orderId"')
    expect(await delivered(key, twice({}), twice(again))).toEqual(MISMATCHED)
  })
})

const notification = fixture<{ Message: string }>('sns-in-sqs')
const publishedAgain = {
  MessageId: 'second',
  Timestamp: '2026-03-30T05:12:16.901Z',
  SignatureVersion: '2',
  Signature: 'other',
  SigningCertURL: 'https://sns.us-west-2.amazonaws.com/other.pem',
  UnsubscribeURL: 'https://sns.us-west-2.amazonaws.com/other',
  SequenceNumber: '10000000000000003000',
}
const messageKey = { key: (body: { Message: string }) => JSON.parse(body.Message).orderId }

describe('An SNS notification in a queue, without snsInSqs', () => {
  test('that its producer publishes again is acknowledged.', async () => {
    expect(await delivered(messageKey, notification, { ...notification, ...publishedAgain })).toEqual(ACKNOWLEDGED)
  })

  test.each<[string, object]>([
    ['message', { Message: '{"orderId":"o-1","merchantId":"m-2"}' }],
    ['subject', { Subject: 'Cancellation' }],
    ['topic', { TopicArn: 'arn:aws:sns:us-west-2:123456789012:returns' }],
    ['attribute', { MessageAttributes: { kind: { Type: 'String', Value: 'cancelled' } } }],
  ])('with the same key and another %s is a mismatch.', async (_, more) => {
    expect(await delivered(messageKey, notification, { ...notification, ...publishedAgain, ...more })).toEqual(
      MISMATCHED,
    )
  })

  test('with a number that only JSON.parse rounds to the same value is a mismatch.', async () => {
    const text = (amount: string) => JSON.stringify({ ...notification, amount: 0 }).replace(':0', `:${amount}`)
    expect(await delivered(messageKey, text('9007199254740992'), text('9007199254740993'))).toEqual(MISMATCHED)
  })

  test('that contains an EventBridge event is acknowledged when the event is put again.', async () => {
    const key = { key: (body: { Message: string }) => JSON.parse(body.Message).detail.orderId }
    const carrying = (more: object, envelope: object) => ({
      ...notification,
      ...envelope,
      Message: JSON.stringify(event(more)),
    })
    expect(await delivered(key, carrying({}, {}), carrying(again, publishedAgain))).toEqual(ACKNOWLEDGED)
    const other = { ...again, 'detail-type': 'OrderCancelled' }
    expect(await delivered(key, carrying({}, {}), carrying(other, publishedAgain))).toEqual(MISMATCHED)
    const unwrapping = { ...snsInSqs<ReturnType<typeof event>>(), ...detailKey }
    expect(await delivered(unwrapping, carrying({}, {}), carrying(again, publishedAgain))).toEqual(ACKNOWLEDGED)
    expect(await delivered(unwrapping, carrying({}, {}), carrying(other, publishedAgain))).toEqual(MISMATCHED)
  })
})

const objects: Record<string, unknown> = {
  'first-upload': { orderId: 'o-1', lines: [1, 2] },
  'second-upload': { orderId: 'o-1', lines: [1, 2] },
  'other-content': { orderId: 'o-1', lines: [3] },
  'with-a-date': { orderId: 'o-1', at: new Date(0) },
}
const download = async (text: string) => objects[JSON.parse(text)[1].s3Key] as Order

describe.each(['software.amazon.payloadoffloading.PayloadS3Pointer', 'com.amazon.sqs.javamessaging.MessageS3Pointer'])(
  'A pointer to S3 (%s)',
  (kind) => {
    const pointer = (s3Key: string) => [kind, { s3BucketName: 'bucket', s3Key }]
    const options = { key: ({ orderId }: Order) => orderId, parse: download }

    test('counts as the result of parse: a second upload of the same content is acknowledged.', async () => {
      expect(await delivered(options, pointer('first-upload'), pointer('second-upload'))).toEqual(ACKNOWLEDGED)
      expect(await delivered(options, pointer('first-upload'), pointer('other-content'))).toEqual(MISMATCHED)
    })

    test('to an object without a canonical form needs the option payload.', async () => {
      expect(await delivered(options, pointer('with-a-date'))).toEqual({ runs: [], back: ['m-0'] })
      const payload = { ...options, payload: ({ body }: { body: Order }) => body.orderId }
      expect(await delivered(payload, pointer('with-a-date'), pointer('first-upload'))).toEqual(ACKNOWLEDGED)
    })

    test('within an SNS notification counts as the result of parse too.', async () => {
      const published = (s3Key: string, envelope: object) => ({
        ...notification,
        ...envelope,
        Message: JSON.stringify(pointer(s3Key)),
      })
      const unwrapping = { ...snsInSqs(download), key: ({ orderId }: Order) => orderId }
      const [first, second] = [published('first-upload', {}), published('second-upload', publishedAgain)]
      expect(await delivered(unwrapping, first, second)).toEqual(ACKNOWLEDGED)
      expect(await delivered(unwrapping, first, published('other-content', publishedAgain))).toEqual(MISMATCHED)
    })
  },
)

test('A producer’s own envelope counts as a whole, unless payload selects a part.', async () => {
  const sent = (sentAt: number) => ({ sentAt, order: { orderId: 'o-1' } })
  const key = ({ order }: ReturnType<typeof sent>) => order.orderId
  expect(await delivered({ key }, sent(1), sent(2))).toEqual(MISMATCHED)
  const payload = ({ body }: { body: ReturnType<typeof sent> }) => body.order
  expect(await delivered({ key, payload }, sent(1), sent(2))).toEqual(ACKNOWLEDGED)
})
