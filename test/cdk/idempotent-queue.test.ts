import { Duration, RemovalPolicy, type Stack } from 'aws-cdk-lib'
import { Match } from 'aws-cdk-lib/assertions'
import { Key } from 'aws-cdk-lib/aws-kms'
import { IdempotentQueue, type IdempotentQueueProps } from '../../lib/cdk/index.ts'
import { actionsOf, statementsByRole } from './policies.ts'
import { idempotentFunction, plainFunction, refusal, synthesized } from './stack.ts'

const orders = (stack: Stack, props: Partial<IdempotentQueueProps> = {}, retention?: Duration): IdempotentQueue => {
  const worker = idempotentFunction(stack, { operation: 'orders', ...(retention === undefined ? {} : { retention }) })
  return new IdempotentQueue(stack, 'Orders', { worker, ...props })
}

test('with minimal props: numbers that fit the worker, encrypted, and partial failures', () => {
  const template = synthesized((stack) => orders(stack))
  template.hasResourceProperties('AWS::SQS::Queue', {
    VisibilityTimeout: 60,
    MessageRetentionPeriod: 345_600,
    SqsManagedSseEnabled: true,
    RedrivePolicy: { maxReceiveCount: 5, deadLetterTargetArn: Match.anyValue() },
    FifoQueue: Match.absent(),
  })
  template.hasResourceProperties('AWS::SQS::Queue', {
    MessageRetentionPeriod: 1_209_600,
    RedrivePolicy: Match.absent(),
  })
  template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
    BatchSize: 10,
    FunctionResponseTypes: ['ReportBatchItemFailures'],
    MaximumBatchingWindowInSeconds: Match.absent(),
    ScalingConfig: Match.absent(),
  })
  template.hasResourceProperties('AWS::Lambda::Function', {
    Environment: { Variables: { IDEMPOTENCY_MAX_RUNS: '3', DEAD_LETTER_QUEUE_URL: Match.anyValue() } },
  })
})

test('with maximal props', () => {
  const template = synthesized((stack) =>
    orders(
      stack,
      {
        batchSize: 100,
        maxBatchingWindow: Duration.seconds(5),
        maxConcurrency: 4,
        visibilityTimeout: Duration.minutes(10),
        messageRetention: Duration.days(14),
        deadLetterRetention: Duration.days(14),
        maxReceiveCount: 10,
        maxRuns: 9,
        encryptionKey: new Key(stack, 'Key'),
        removalPolicy: RemovalPolicy.RETAIN,
      },
      Duration.days(20),
    ),
  )
  template.hasResource('AWS::SQS::Queue', {
    DeletionPolicy: 'Retain',
    Properties: {
      VisibilityTimeout: 600,
      MessageRetentionPeriod: 1_209_600,
      KmsMasterKeyId: Match.anyValue(),
      RedrivePolicy: { maxReceiveCount: 10, deadLetterTargetArn: Match.anyValue() },
    },
  })
  template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
    BatchSize: 100,
    MaximumBatchingWindowInSeconds: 5,
    ScalingConfig: { MaximumConcurrency: 4 },
  })
  template.hasResourceProperties('AWS::Lambda::Function', {
    Environment: { Variables: { IDEMPOTENCY_MAX_RUNS: '9', IDEMPOTENCY_RETENTION_SECONDS: '1728000' } },
  })
})

test('a FIFO queue has a FIFO dead-letter queue', () => {
  const template = synthesized((stack) => orders(stack, { fifo: true, contentBasedDeduplication: true }))
  const queues = Object.values(template.findResources('AWS::SQS::Queue')) as { Properties: Record<string, unknown> }[]
  expect(queues.map(({ Properties }) => Properties.FifoQueue)).toEqual([true, true])
  template.hasResourceProperties('AWS::SQS::Queue', {
    ContentBasedDeduplication: true,
    RedrivePolicy: Match.anyValue(),
  })
})

test('the worker may receive messages, change their visibility, and send to the dead-letter queue', () => {
  const [statements] = [...statementsByRole(synthesized((stack) => orders(stack))).values()]
  const sqs = statements?.filter((statement) => actionsOf(statement).every((action) => action.startsWith('sqs:')))
  expect(sqs?.map(actionsOf)).toEqual([
    expect.arrayContaining([
      'sqs:ReceiveMessage',
      'sqs:DeleteMessage',
      'sqs:ChangeMessageVisibility',
      'sqs:GetQueueUrl',
    ]),
    ['sqs:SendMessage', 'sqs:GetQueueAttributes', 'sqs:GetQueueUrl'],
  ])
})

test('grantSendMessages gives permission for the queue only', () => {
  const template = synthesized((stack) => orders(stack).grantSendMessages(plainFunction(stack)))
  const [, sender] = [...statementsByRole(template).values()]
  expect(sender?.map(actionsOf)).toEqual([['sqs:SendMessage', 'sqs:GetQueueAttributes', 'sqs:GetQueueUrl']])
})

test('only encrypted connections are allowed', () => {
  const text = JSON.stringify(synthesized((stack) => orders(stack)).findResources('AWS::SQS::QueuePolicy'))
  expect(text.match(/"aws:SecureTransport":"false"/g)).toHaveLength(2)
})

const days = Duration.days
const secondsOf = Duration.seconds

test.each<[string, Partial<IdempotentQueueProps>, Duration | undefined, string]>([
  [
    'a visibility timeout that ends before the retries',
    { visibilityTimeout: secondsOf(59) },
    undefined,
    "visibilityTimeout is 59 s, and the worker's timeout of 10 s with a batch window of 0 s needs 60 s",
  ],
  [
    'a visibility timeout without the batch window',
    { visibilityTimeout: secondsOf(60), maxBatchingWindow: secondsOf(1) },
    undefined,
    "visibilityTimeout is 60 s, and the worker's timeout of 10 s with a batch window of 1 s needs 61 s",
  ],
  [
    'records that end before the messages',
    { messageRetention: days(4), deadLetterRetention: days(3) },
    days(3),
    "the worker's record retention is 259200 s, and messageRetention is 345600 s",
  ],
  [
    'records that end before the dead letters',
    { messageRetention: days(3) },
    days(3),
    "the worker's record retention is 259200 s, and deadLetterRetention is 1209600 s",
  ],
  [
    'dead letters that are deleted on arrival',
    { messageRetention: days(4), deadLetterRetention: days(3) },
    undefined,
    'deadLetterRetention is 259200 s, and messageRetention is 345600 s: on a standard queue it must be at least as long',
  ],
  [
    'a message that SQS moves before it is known as poison',
    { maxRuns: 5, maxReceiveCount: 5 },
    undefined,
    'maxRuns is 5, and maxReceiveCount is 5: maxRuns must be less',
  ],
  ['runs that are no number', { maxRuns: 1.5 }, undefined, 'maxRuns is 1.5; it must be an integer from 1 to 999'],
  [
    'more receives than SQS allows',
    { maxReceiveCount: 1_001 },
    undefined,
    'maxReceiveCount is 1001; it must be an integer from 1 to 1000',
  ],
  [
    'deduplication on a standard queue',
    { contentBasedDeduplication: true },
    undefined,
    'contentBasedDeduplication is true, and fifo is not',
  ],
  ['one receive only', { maxReceiveCount: 1 }, undefined, 'maxRuns is 3, and maxReceiveCount is 1'],
])('%s is refused', (_what, props, retention, message) => {
  expect(refusal((stack) => orders(stack, props, retention))).toContain(message)
})

test('a worker with two queues is refused: its environment holds the numbers of one queue only', () => {
  const text = refusal((stack) => {
    const worker = idempotentFunction(stack, { operation: 'orders' })
    new IdempotentQueue(stack, 'Orders', { worker })
    new IdempotentQueue(stack, 'Refunds', { worker })
  })
  expect(text).toBe(
    'worker Test/Pay has an IdempotentQueue already: both would set DEAD_LETTER_QUEUE_URL and IDEMPOTENCY_MAX_RUNS; ' +
      'give each source its own function',
  )
})

test('all wrong numbers are reported together', () => {
  const text = refusal((stack) => orders(stack, { visibilityTimeout: Duration.seconds(1), maxReceiveCount: 2 }))
  expect(text).toContain('visibilityTimeout is 1 s')
  expect(text).toContain('maxReceiveCount is 2')
})

test('its metrics are those of its two queues', () => {
  synthesized((stack) => {
    const queue = orders(stack)
    const names = [queue.metricDeadLetters(), queue.metricAgeOfOldestMessage()].map(
      (metric) => metric.toMetricConfig().metricStat?.metricName,
    )
    expect(names).toEqual(['ApproximateNumberOfMessagesVisible', 'ApproximateAgeOfOldestMessage'])
  })
})
