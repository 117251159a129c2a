import { Duration, type RemovalPolicy, Stack } from 'aws-cdk-lib'
import type { IMetric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch'
import { CfnGlobalTable, type ITable } from 'aws-cdk-lib/aws-dynamodb'
import type { IStream } from 'aws-cdk-lib/aws-kinesis'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import { type FilterCriteria, type Function as LambdaFunction, StartingPosition } from 'aws-cdk-lib/aws-lambda'
import {
  DynamoEventSource,
  KinesisEventSource,
  SqsDlq,
  type StreamEventSourceProps,
} from 'aws-cdk-lib/aws-lambda-event-sources'
import { Queue } from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'
import { DEFAULT_MAX_RUNS, DEFAULT_SQS_RETENTION_SECONDS, MAX_MAX_RUNS } from '../core/limits.ts'
import { validateAtSynth } from './numbers.ts'
import { isCount, LONGEST_MESSAGE_RETENTION, recordsOutliveMessages } from './queue-numbers.ts'
import { protectedQueue } from './queue-protection.ts'
import { poisonIsFoundFirst } from './stream-numbers.ts'
import { onlySourceOf, setWorkerVariables } from './worker-variables.ts'

/** `ITable`, also under the compiler option `exactOptionalPropertyTypes`. */
export type StreamingTable = Omit<ITable, 'tableStreamArn'> & { readonly tableStreamArn?: string | undefined }

export interface IdempotentStreamProps {
  /**
   * The function with the `kinesisHandler` or `dynamoDbStreamHandler`: an `IdempotentFunction`, or another function with
   * `table.grantClaims`. A worker can serve one queue or stream only.
   */
  readonly worker: LambdaFunction & { readonly retention?: Duration | undefined }
  /** A Kinesis data stream, or a DynamoDB table with a stream. Not the table of `lambda-once`. */
  readonly source: IStream | StreamingTable
  /**
   * Where Lambda begins to read.
   * @default StartingPosition.TRIM_HORIZON: with the oldest message, so that none is missed while the mapping is made
   */
  readonly startingPosition?: StartingPosition
  /**
   * The most messages in one batch: 1 to 10,000 of Kinesis, 1 to 1,000 of DynamoDB. A usual batch must end within the
   * worker's timeout.
   * @default 100
   */
  readonly batchSize?: number
  /**
   * How long Lambda waits for a batch to fill: up to 300 s.
   * @default - no waiting
   */
  readonly maxBatchingWindow?: Duration
  /**
   * How many batches of a shard run at once: 1 to 10. Above 1 only messages with the same partition key, or of the same
   * item, stay in order.
   * @default 1
   */
  readonly parallelizationFactor?: number
  /**
   * How old a message may become before Lambda gives it up: 60 s to 7 days, and at most the worker's record retention. It
   * must be longer than the longest outage that you want to survive.
   * @default - 1 day, which is as long as a DynamoDB stream keeps a message
   */
  readonly maxRecordAge?: Duration
  /**
   * How often Lambda tries a batch again: 0 to 10,000, and more than `maxRuns`.
   * @default - without end, until `maxRecordAge`
   */
  readonly retryAttempts?: number
  /**
   * How many runs of a message may end in doubt before it counts as poison: 1 to 999. The construct sets it as
   * `IDEMPOTENCY_MAX_RUNS`; the handler must pass that to its option `maxRuns`.
   * @default 3
   */
  readonly maxRuns?: number
  /**
   * Which messages Lambda reads at all, as `FilterCriteria.filter` makes it.
   * @default - all
   */
  readonly filters?: ReturnType<typeof FilterCriteria.filter>[]
  /**
   * Your own KMS key for the dead-letter queue. The worker then gets permission to use it.
   * @default - a key that SQS manages, at no cost
   */
  readonly encryptionKey?: IKey
  /**
   * What happens to the dead-letter queue, and to its messages, when it is removed from the stack.
   * @default RemovalPolicy.DESTROY
   */
  readonly removalPolicy?: RemovalPolicy
}

const DEFAULT_MAX_RECORD_AGE = Duration.days(1)

/**
 * The event source mapping of a stream, which reports the failed messages of a batch and halves a batch that fails as a
 * whole, and a dead-letter queue. The queue gets what the layer passes over, if the handler has `deadLetter: { queueUrl:
 * process.env.DEAD_LETTER_QUEUE_URL }`, and from Lambda a description of each batch that it gives up. Synthesis fails if the
 * numbers do not fit together.
 *
 * @throws Error if the worker already has an `IdempotentStream` or an `IdempotentQueue`, or if the table has no stream
 *
 * ```ts
 * const clicks = new IdempotentStream(this, 'Clicks', { worker, source: stream })
 * ```
 */
export class IdempotentStream extends Construct {
  readonly deadLetterQueue: Queue
  readonly #worker: LambdaFunction

  constructor(scope: Construct, id: string, props: IdempotentStreamProps) {
    super(scope, id)
    assertSource(props.source)
    onlySourceOf(props.worker, 'IdempotentStream')
    const { worker, maxRuns = DEFAULT_MAX_RUNS, maxRecordAge = DEFAULT_MAX_RECORD_AGE } = props
    this.#worker = worker
    this.deadLetterQueue = new Queue(this, 'DeadLetterQueue', {
      ...protectedQueue(props),
      retentionPeriod: LONGEST_MESSAGE_RETENTION,
    })
    worker.addEventSource(
      sourceOf(props, { ...mappingOf(props, maxRecordAge), onFailure: new SqsDlq(this.deadLetterQueue) }),
    )
    this.deadLetterQueue.grantSendMessages(worker)
    setWorkerVariables(worker, this.deadLetterQueue, maxRuns)

    const recordRetention = worker.retention ?? Duration.seconds(DEFAULT_SQS_RETENTION_SECONDS)
    validateAtSynth(
      this,
      () => hasStream(props.source),
      () => recordsOutliveMessages(recordRetention, maxRecordAge, 'maxRecordAge'),
      () => isCount('maxRuns', maxRuns, MAX_MAX_RUNS),
      () => poisonIsFoundFirst(maxRuns, props.retryAttempts),
    )
  }

  /** Messages in the dead-letter queue. Statistic: maximum. */
  metricDeadLetters(props?: MetricOptions): IMetric {
    return this.deadLetterQueue.metricApproximateNumberOfMessagesVisible({ statistic: 'Maximum', ...props })
  }

  /** Age of the last message of each batch when the worker gets it, in milliseconds. Statistic: maximum. */
  metricIteratorAge(props?: MetricOptions): IMetric {
    return this.#worker.metric('IteratorAge', { statistic: 'Maximum', ...props })
  }
}

const assertSource = (source: IdempotentStreamProps['source'] | undefined): void => {
  if (source === undefined || !('tableName' in source || 'streamName' in source))
    throw new Error('source must be a Kinesis data stream, or a DynamoDB table with a stream')
}

/** A `TableV2` always names the ARN of a stream, and the deployment fails if there is none. */
const hasStream = (source: IdempotentStreamProps['source']): string | undefined => {
  if (!('tableName' in source)) return undefined
  const { defaultChild: made } = source.node
  if (!(made instanceof CfnGlobalTable) || Stack.of(made).resolve(made.streamSpecification) !== undefined)
    return undefined
  return `source is the table ${source.node.path}, which has no stream: set its prop dynamoStream`
}

const sourceOf = (
  { source }: IdempotentStreamProps,
  mapping: StreamEventSourceProps,
): DynamoEventSource | KinesisEventSource =>
  'tableName' in source ? new DynamoEventSource(source as ITable, mapping) : new KinesisEventSource(source, mapping)

const mappingOf = (props: IdempotentStreamProps, maxRecordAge: Duration): StreamEventSourceProps => {
  const { startingPosition = StartingPosition.TRIM_HORIZON, maxBatchingWindow, parallelizationFactor } = props
  const { batchSize = 100, retryAttempts, filters } = props
  return {
    startingPosition,
    batchSize,
    maxRecordAge,
    reportBatchItemFailures: true,
    bisectBatchOnError: true,
    ...(maxBatchingWindow === undefined ? {} : { maxBatchingWindow }),
    ...(parallelizationFactor === undefined ? {} : { parallelizationFactor }),
    ...(retryAttempts === undefined ? {} : { retryAttempts }),
    ...(filters === undefined ? {} : { filters }),
  }
}
