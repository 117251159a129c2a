import { Duration, RemovalPolicy, type Stack } from 'aws-cdk-lib'
import { Match } from 'aws-cdk-lib/assertions'
import { AttributeType, StreamViewType, Table, TableV2 } from 'aws-cdk-lib/aws-dynamodb'
import { Stream } from 'aws-cdk-lib/aws-kinesis'
import { Key } from 'aws-cdk-lib/aws-kms'
import { FilterCriteria, FilterRule, StartingPosition } from 'aws-cdk-lib/aws-lambda'
import { Queue } from 'aws-cdk-lib/aws-sqs'
import { IdempotencyTable, IdempotentQueue, IdempotentStream, type IdempotentStreamProps } from '../../lib/cdk/index.ts'
import { actionsOf, statementsByRole } from './policies.ts'
import { idempotentFunction, refusal, synthesized } from './stack.ts'

const clicks = (stack: Stack, props: Partial<IdempotentStreamProps> = {}, retention?: Duration): IdempotentStream =>
  new IdempotentStream(stack, 'Clicks', {
    worker: idempotentFunction(stack, { operation: 'clicks', ...(retention === undefined ? {} : { retention }) }),
    source: new Stream(stack, 'Stream'),
    ...props,
  })

test('with minimal props: every message is read, failures are reported, and nothing is given up without a trace', () => {
  const template = synthesized((stack) => clicks(stack))
  template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
    EventSourceArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^Stream'), 'Arn'] },
    StartingPosition: 'TRIM_HORIZON',
    BatchSize: 100,
    FunctionResponseTypes: ['ReportBatchItemFailures'],
    BisectBatchOnFunctionError: true,
    MaximumRecordAgeInSeconds: 86_400,
    MaximumRetryAttempts: Match.absent(),
    ParallelizationFactor: Match.absent(),
    DestinationConfig: { OnFailure: { Destination: Match.anyValue() } },
  })
  template.hasResourceProperties('AWS::SQS::Queue', { MessageRetentionPeriod: 1_209_600, SqsManagedSseEnabled: true })
  template.hasResourceProperties('AWS::Lambda::Function', {
    Environment: { Variables: { IDEMPOTENCY_MAX_RUNS: '3', DEAD_LETTER_QUEUE_URL: Match.anyValue() } },
  })
})

test('with maximal props', () => {
  const template = synthesized((stack) =>
    clicks(
      stack,
      {
        startingPosition: StartingPosition.LATEST,
        batchSize: 500,
        maxBatchingWindow: Duration.seconds(5),
        parallelizationFactor: 4,
        maxRecordAge: Duration.days(7),
        retryAttempts: 100,
        maxRuns: 9,
        filters: [FilterCriteria.filter({ data: { kind: FilterRule.isEqual('click') } })],
        encryptionKey: new Key(stack, 'Key'),
        removalPolicy: RemovalPolicy.RETAIN,
      },
      Duration.days(7),
    ),
  )
  template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
    StartingPosition: 'LATEST',
    BatchSize: 500,
    MaximumBatchingWindowInSeconds: 5,
    ParallelizationFactor: 4,
    MaximumRecordAgeInSeconds: 604_800,
    MaximumRetryAttempts: 100,
    FilterCriteria: { Filters: [{ Pattern: '{"data":{"kind":["click"]}}' }] },
  })
  template.hasResource('AWS::SQS::Queue', {
    DeletionPolicy: 'Retain',
    Properties: { KmsMasterKeyId: Match.anyValue() },
  })
  template.hasResourceProperties('AWS::Lambda::Function', {
    Environment: { Variables: { IDEMPOTENCY_MAX_RUNS: '9' } },
  })
})

test('the worker may read the stream, and send to the dead-letter queue', () => {
  const [statements] = [...statementsByRole(synthesized((stack) => clicks(stack))).values()]
  const actions = statements?.flatMap(actionsOf) ?? []
  expect(actions).toEqual(expect.arrayContaining(['kinesis:GetRecords', 'kinesis:ListShards', 'sqs:SendMessage']))
  expect(actions.some((action) => action.includes('*'))).toBe(false)
})

const partitionKey = { name: 'id', type: AttributeType.STRING }

test.each<[string, (stack: Stack) => IdempotentStreamProps['source']]>([
  ['Table', (stack) => new Table(stack, 'Orders', { partitionKey, stream: StreamViewType.NEW_AND_OLD_IMAGES })],
  ['TableV2', (stack) => new TableV2(stack, 'Orders', { partitionKey, dynamoStream: StreamViewType.NEW_IMAGE })],
])('reads the stream of a %s', (_, sourceIn) => {
  const template = synthesized((stack) => clicks(stack, { source: sourceIn(stack) }))
  template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
    EventSourceArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^Orders'), 'StreamArn'] },
    FunctionResponseTypes: ['ReportBatchItemFailures'],
  })
  const [statements] = [...statementsByRole(template).values()]
  expect(statements?.flatMap(actionsOf)).toEqual(expect.arrayContaining(['dynamodb:GetRecords']))
})

test('a Table without a stream is refused', () => {
  const text = refusal((stack) => clicks(stack, { source: new Table(stack, 'Orders', { partitionKey }) }))
  expect(text).toContain('DynamoDB Streams must be enabled on the table Test/Orders')
})

test.each<[string, (stack: Stack) => IdempotentStreamProps['source']]>([
  ['TableV2', (stack) => new TableV2(stack, 'Orders', { partitionKey })],
  ['table of the layer', (stack) => new IdempotencyTable(stack, 'Orders').table],
])('a %s without a stream is refused', (_, sourceIn) => {
  const text = refusal((stack) => clicks(stack, { source: sourceIn(stack) }))
  expect(text).toMatch(/source is the table Test\/Orders\S*, which has no stream: set its prop dynamoStream/)
})

test.each([undefined, 'queue'])('a source that is none is refused: %p', (kind) => {
  const text = refusal((stack) => {
    const source = kind === undefined ? undefined : new Queue(stack, 'Queue')
    clicks(stack, { source } as never)
  })
  expect(text).toBe('source must be a Kinesis data stream, or a DynamoDB table with a stream')
})

test.each<[string, Partial<IdempotentStreamProps>, Duration | undefined, string]>([
  [
    'records that end before the messages',
    { maxRecordAge: Duration.days(4) },
    Duration.days(3),
    "the worker's record retention is 259200 s, and maxRecordAge is 345600 s",
  ],
  [
    'a batch that Lambda gives up before its poison is known',
    { maxRuns: 3, retryAttempts: 3 },
    undefined,
    'maxRuns is 3, and retryAttempts is 3: maxRuns must be less',
  ],
  ['runs that are no number', { maxRuns: 0 }, undefined, 'maxRuns is 0; it must be an integer from 1 to 999'],
])('%s are refused', (_what, props, retention, message) => {
  expect(refusal((stack) => clicks(stack, props, retention))).toContain(message)
})

test('a worker with a queue and a stream is refused: its environment holds the numbers of one only', () => {
  const text = refusal((stack) => {
    const worker = idempotentFunction(stack, { operation: 'orders' })
    new IdempotentQueue(stack, 'Orders', { worker })
    new IdempotentStream(stack, 'Clicks', { worker, source: new Stream(stack, 'Stream') })
  })
  expect(text).toContain('worker Test/Pay has an IdempotentQueue already')
  expect(text).toContain('give each source its own function')
})

test('its metrics are those of its queue and its worker', () => {
  synthesized((stack) => {
    const stream = clicks(stack)
    const names = [stream.metricDeadLetters(), stream.metricIteratorAge()].map(
      (metric) => metric.toMetricConfig().metricStat?.metricName,
    )
    expect(names).toEqual(['ApproximateNumberOfMessagesVisible', 'IteratorAge'])
  })
})
