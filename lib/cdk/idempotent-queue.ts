import { Duration, type RemovalPolicy } from 'aws-cdk-lib'
import type { IMetric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch'
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda'
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources'
import { Queue } from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'
import {
  DEFAULT_MAX_RUNS,
  DEFAULT_SQS_RETENTION_SECONDS,
  LEAST_MAX_RECEIVE_COUNT,
  MAX_MAX_RUNS,
} from '../core/limits.ts'
import { timeoutOf, validateAtSynth } from './numbers.ts'
import {
  deadLettersOutliveMessages,
  deduplicatesOnFifoOnly,
  isCount,
  LONGEST_MESSAGE_RETENTION,
  leastVisibilitySeconds,
  poisonIsFoundFirst,
  recordsOutliveMessages,
  visibilityCoversRuns,
} from './queue-numbers.ts'
import { protectedQueue } from './queue-protection.ts'
import { onlySourceOf, setWorkerVariables } from './worker-variables.ts'

export interface IdempotentQueueProps {
  /**
   * The function with the `sqsHandler`: an `IdempotentFunction`, or another function with `table.grantClaims`. A worker
   * can serve one queue or stream only.
   */
  readonly worker: LambdaFunction & { readonly retention?: Duration | undefined }
  /**
   * Whether this is a FIFO queue, which delivers the messages of one group in order.
   * @default false
   */
  readonly fifo?: boolean
  /**
   * Whether SQS drops a second message with the same body within five minutes. Requires `fifo`.
   * @default false
   */
  readonly contentBasedDeduplication?: boolean
  /**
   * The most messages in one batch: 1 to 10,000, or 1 to 10 on a FIFO queue.
   * @default 10
   */
  readonly batchSize?: number
  /**
   * How long Lambda waits for a batch to fill: up to 300 s. A `batchSize` over 10 needs at least 1 s.
   * @default - no waiting
   */
  readonly maxBatchingWindow?: Duration
  /**
   * How many batches run at once: 2 to 1,000.
   * @default - limited by the account's concurrency only
   */
  readonly maxConcurrency?: number
  /**
   * How long a message stays hidden after each delivery: at least 6 x the worker's timeout + `maxBatchingWindow`.
   * @default - exactly that, or 30 s if the worker's timeout is unknown
   */
  readonly visibilityTimeout?: Duration
  /**
   * How long the queue keeps a message: at most the worker's record retention.
   * @default - 4 days
   */
  readonly messageRetention?: Duration
  /**
   * How long the dead-letter queue keeps a message: at most the worker's record retention, since a redriven message
   * must find its record. On a standard queue, at least `messageRetention`.
   * @default - 14 days
   */
  readonly deadLetterRetention?: Duration
  /**
   * After how many deliveries SQS moves a message to the dead-letter queue: 1 to 1,000, and more than `maxRuns`.
   * @default 5
   */
  readonly maxReceiveCount?: number
  /**
   * How many runs may end in doubt before the message counts as poison: 1 to 999. The construct sets it as
   * `IDEMPOTENCY_MAX_RUNS`; the handler must pass that to its option `maxRuns`.
   * @default 3
   */
  readonly maxRuns?: number
  /**
   * Your own KMS key for both queues. The worker and the grantees of `grantSendMessages` then get permission to use it.
   * @default - a key that SQS manages, at no cost
   */
  readonly encryptionKey?: IKey
  /**
   * What happens to both queues, and to their messages, when they are removed from the stack.
   * @default RemovalPolicy.DESTROY
   */
  readonly removalPolicy?: RemovalPolicy
}

/** The most that SQS allows. */
const MOST_RECEIVES = 1_000

/** SQS's default. */
const DEFAULT_MESSAGE_RETENTION = Duration.days(4)

/**
 * A queue, its dead-letter queue, and the event source of the worker, which reports the failed messages of a batch. The
 * worker gets permission to change visibility and to send to the dead-letter queue. The construct sets the URL of the
 * dead-letter queue as `DEAD_LETTER_QUEUE_URL`. Synthesis fails if the numbers do not fit together.
 *
 * @throws Error if the worker already has an `IdempotentQueue` or an `IdempotentStream`
 *
 * ```ts
 * const orders = new IdempotentQueue(this, 'Orders', { worker })
 * ```
 */
export class IdempotentQueue extends Construct {
  readonly queue: Queue
  readonly deadLetterQueue: Queue

  constructor(scope: Construct, id: string, props: IdempotentQueueProps) {
    super(scope, id)
    onlySourceOf(props.worker, 'IdempotentQueue')
    const { worker, fifo = false, batchSize = 10, maxBatchingWindow = Duration.seconds(0) } = props
    const { maxReceiveCount = LEAST_MAX_RECEIVE_COUNT, maxRuns = DEFAULT_MAX_RUNS } = props
    const { messageRetention = DEFAULT_MESSAGE_RETENTION, deadLetterRetention = LONGEST_MESSAGE_RETENTION } = props
    const timeout = timeoutOf(worker)
    const least = Duration.seconds(timeout === undefined ? 30 : leastVisibilitySeconds(timeout, maxBatchingWindow))
    const { visibilityTimeout = least } = props

    const both = { ...protectedQueue(props), ...(fifo ? { fifo } : {}) }
    this.deadLetterQueue = new Queue(this, 'DeadLetterQueue', { ...both, retentionPeriod: deadLetterRetention })
    this.queue = new Queue(this, 'Queue', {
      ...both,
      ...(fifo ? { contentBasedDeduplication: props.contentBasedDeduplication ?? false } : {}),
      visibilityTimeout,
      retentionPeriod: messageRetention,
      deadLetterQueue: { queue: this.deadLetterQueue, maxReceiveCount },
    })
    worker.addEventSource(
      new SqsEventSource(this.queue, {
        batchSize,
        reportBatchItemFailures: true,
        ...(maxBatchingWindow.toSeconds() === 0 ? {} : { maxBatchingWindow }),
        ...(props.maxConcurrency === undefined ? {} : { maxConcurrency: props.maxConcurrency }),
      }),
    )
    this.deadLetterQueue.grantSendMessages(worker)
    setWorkerVariables(worker, this.deadLetterQueue, maxRuns)

    const recordRetention = worker.retention ?? Duration.seconds(DEFAULT_SQS_RETENTION_SECONDS)
    validateAtSynth(
      this,
      () => visibilityCoversRuns(visibilityTimeout, timeout, maxBatchingWindow),
      () => recordsOutliveMessages(recordRetention, messageRetention, 'messageRetention'),
      () => recordsOutliveMessages(recordRetention, deadLetterRetention, 'deadLetterRetention'),
      () => (fifo ? undefined : deadLettersOutliveMessages(deadLetterRetention, messageRetention)),
      () => isCount('maxRuns', maxRuns, MAX_MAX_RUNS),
      () => isCount('maxReceiveCount', maxReceiveCount, MOST_RECEIVES),
      () => poisonIsFoundFirst(maxRuns, maxReceiveCount),
      () => (fifo ? undefined : deduplicatesOnFifoOnly(props.contentBasedDeduplication)),
    )
  }

  /** Lets the grantee send messages to the queue. */
  grantSendMessages(grantee: IGrantable): Grant {
    return this.queue.grantSendMessages(grantee)
  }

  /** Messages in the dead-letter queue. Statistic: maximum. */
  metricDeadLetters(props?: MetricOptions): IMetric {
    return this.deadLetterQueue.metricApproximateNumberOfMessagesVisible({ statistic: 'Maximum', ...props })
  }

  /** Age of the oldest message in the queue, in seconds. Statistic: maximum. */
  metricAgeOfOldestMessage(props?: MetricOptions): IMetric {
    return this.queue.metricApproximateAgeOfOldestMessage({ statistic: 'Maximum', ...props })
  }
}
