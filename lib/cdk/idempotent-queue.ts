import { Duration, RemovalPolicy } from 'aws-cdk-lib'
import type { IMetric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch'
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda'
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources'
import { Queue, QueueEncryption, type QueueProps } from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'
import { timeoutOf, validateAtSynth } from './numbers.ts'
import {
  deadLettersOutliveMessages,
  deduplicatesOnFifoOnly,
  isCount,
  leastVisibilitySeconds,
  poisonIsFoundFirst,
  recordsOutliveMessages,
  visibilityCoversRuns,
} from './queue-numbers.ts'

export interface IdempotentQueueProps {
  /**
   * The function with the `sqsHandler`: an `IdempotentFunction`, or any other that was granted its claims. It takes the
   * messages of one queue.
   */
  readonly worker: LambdaFunction & { readonly retention?: Duration | undefined }
  /**
   * Whether messages of one group are handed over in order.
   * @default false
   */
  readonly fifo?: boolean
  /**
   * Whether a FIFO queue drops a second message with the same body within five minutes by itself. Only with `fifo`.
   * @default false
   */
  readonly contentBasedDeduplication?: boolean
  /**
   * Messages handed over at once, 1 to 10,000 (10 on a FIFO queue).
   * @default 10
   */
  readonly batchSize?: number
  /**
   * How long to wait for a batch to fill. More than 10 messages need at least a second.
   * @default - none
   */
  readonly maxBatchingWindow?: Duration
  /**
   * How many batches run at once, 2 to 1,000.
   * @default - as many as the account allows
   */
  readonly maxConcurrency?: number
  /**
   * How long a message stays hidden once it was handed over; at least 6 x the worker's timeout + the batch window.
   * @default - exactly that
   */
  readonly visibilityTimeout?: Duration
  /**
   * How long the queue keeps a message; at most the worker's record retention.
   * @default - four days
   */
  readonly messageRetention?: Duration
  /**
   * How long the dead-letter queue keeps a message; at most the worker's record retention, since a redriven message has
   * to find its record.
   * @default - 14 days
   */
  readonly deadLetterRetention?: Duration
  /**
   * After how many deliveries SQS itself moves a message to the dead-letter queue; more than `maxRuns`.
   * @default 5
   */
  readonly maxReceiveCount?: number
  /**
   * How many runs may end in doubt before the message is poison. The worker finds it in `IDEMPOTENCY_MAX_RUNS`, for its
   * option `maxRuns`.
   * @default 3
   */
  readonly maxRuns?: number
  /**
   * A KMS key of your own for both queues; the worker and `grantSendMessages` then get its use.
   * @default - a key of SQS, at no cost
   */
  readonly encryptionKey?: IKey
  /**
   * What happens to both queues when they leave the stack.
   * @default RemovalPolicy.DESTROY
   */
  readonly removalPolicy?: RemovalPolicy
}

/** Five deliveries, as AWS advises at least: a throttled function must not send good messages away. */
const DEFAULT_MAX_RECEIVE_COUNT = 5

/** The most that the layer's option takes, and that SQS does. */
const MOST_RUNS = 999
const MOST_RECEIVES = 1_000

/** The layer's own defaults. */
const DEFAULT_MAX_RUNS = 3
const LAYER_RETENTION = Duration.seconds(1_296_000)

/** SQS's own default, and the most it takes. */
const DEFAULT_MESSAGE_RETENTION = Duration.days(4)
const LONGEST_MESSAGE_RETENTION = Duration.days(14)

/** For the options `maxRuns` and `deadLetter`. */
const MAX_RUNS_VARIABLE = 'IDEMPOTENCY_MAX_RUNS'
const DEAD_LETTER_VARIABLE = 'DEAD_LETTER_QUEUE_URL'

/**
 * A queue, its dead-letter queue, and a worker that takes batches and names the messages that failed, with numbers that
 * fit together. The worker may move visibility and write to the dead-letter queue, whose URL it finds in
 * `DEAD_LETTER_QUEUE_URL`.
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
    onlyQueueOf(props.worker)
    const { worker, fifo = false, batchSize = 10, maxBatchingWindow = Duration.seconds(0) } = props
    const { maxReceiveCount = DEFAULT_MAX_RECEIVE_COUNT, maxRuns = DEFAULT_MAX_RUNS } = props
    const { messageRetention = DEFAULT_MESSAGE_RETENTION, deadLetterRetention = LONGEST_MESSAGE_RETENTION } = props
    const timeout = timeoutOf(worker)
    const least = Duration.seconds(timeout === undefined ? 30 : leastVisibilitySeconds(timeout, maxBatchingWindow))
    const { visibilityTimeout = least } = props

    const both = commonProps(props, fifo)
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
    worker.addEnvironment(DEAD_LETTER_VARIABLE, this.deadLetterQueue.queueUrl)
    worker.addEnvironment(MAX_RUNS_VARIABLE, String(maxRuns))

    const recordRetention = worker.retention ?? LAYER_RETENTION
    validateAtSynth(
      this,
      () => visibilityCoversRuns(visibilityTimeout, timeout, maxBatchingWindow),
      () => recordsOutliveMessages(recordRetention, messageRetention, 'messageRetention'),
      () => recordsOutliveMessages(recordRetention, deadLetterRetention, 'deadLetterRetention'),
      () => (fifo ? undefined : deadLettersOutliveMessages(deadLetterRetention, messageRetention)),
      () => isCount('maxRuns', maxRuns, MOST_RUNS),
      () => isCount('maxReceiveCount', maxReceiveCount, MOST_RECEIVES),
      () => poisonIsFoundFirst(maxRuns, maxReceiveCount),
      () => (fifo ? undefined : deduplicatesOnFifoOnly(props.contentBasedDeduplication)),
    )
  }

  grantSendMessages(grantee: IGrantable): Grant {
    return this.queue.grantSendMessages(grantee)
  }

  /** Messages that somebody has to look at. */
  metricDeadLetters(props?: MetricOptions): IMetric {
    return this.deadLetterQueue.metricApproximateNumberOfMessagesVisible({ statistic: 'Maximum', ...props })
  }

  /** How long the message at the head has been waiting, in seconds. */
  metricAgeOfOldestMessage(props?: MetricOptions): IMetric {
    return this.queue.metricApproximateAgeOfOldestMessage({ statistic: 'Maximum', ...props })
  }
}

const withQueue = new WeakSet<LambdaFunction>()

/** The worker finds its dead-letter queue and its `maxRuns` by its environment, which holds one of each. */
const onlyQueueOf = (worker: LambdaFunction): void => {
  if (withQueue.has(worker)) {
    throw new Error(
      `worker ${worker.node.path} has an IdempotentQueue already: both would set ${DEAD_LETTER_VARIABLE} and ` +
        `${MAX_RUNS_VARIABLE}; give each queue a function of its own`,
    )
  }
  withQueue.add(worker)
}

const commonProps = ({ encryptionKey, removalPolicy }: IdempotentQueueProps, fifo: boolean): QueueProps => ({
  enforceSSL: true,
  removalPolicy: removalPolicy ?? RemovalPolicy.DESTROY,
  ...(fifo ? { fifo } : {}),
  ...(encryptionKey === undefined
    ? { encryption: QueueEncryption.SQS_MANAGED }
    : { encryption: QueueEncryption.KMS, encryptionMasterKey: encryptionKey }),
})
