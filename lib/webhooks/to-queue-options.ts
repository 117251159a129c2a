import { aClient, aQueueUrl, type SqsClient } from '../batch/sender.ts'
import { aFunction, checkOptions, OptionError, type Rules } from '../core/option-rules.ts'
import { aClock } from '../core/options.ts'
import { type Runtime, systemRuntime } from '../core/runtime.ts'
import { aUrl } from '../http/options.ts'
import { isFifo } from '../sqs/record.ts'
import { ADMISSION_RULES, type AdmissionOptions, type AdmissionSettings, readAdmission } from './admission-options.ts'
import type { WebhookDelivery } from './delivery.ts'

/** The options of `webhookToQueue`. */
export interface WebhookToQueueOptions<TEvent> extends AdmissionOptions<TEvent> {
  /** The queue that gets the verified events. Needs permission for `sqs:SendMessage`. */
  readonly queueUrl: string | undefined
  /**
   * FIFO queues only: events of one group are handled one after another, in the order in which they were put on the
   * queue. A function of the delivery that answers a text.
   *
   * @default each event is its own group
   * @example
   * group: ({ event }) => event.data.object.id
   */
  readonly group?: ((delivery: WebhookDelivery<TEvent>) => string) | undefined
  /**
   * Your own `SQSClient`.
   * @default a client that the layer makes from `@aws-sdk/client-sqs` when it first needs one
   */
  readonly sqs?: SqsClient | undefined
  /**
   * Clock and timers, for tests.
   * @default the system's
   */
  readonly runtime?: Runtime | undefined
}

/** {@link WebhookToQueueOptions}, checked, with defaults. */
export interface ToQueueSettings<TEvent> extends Pick<WebhookToQueueOptions<TEvent>, 'group' | 'sqs'> {
  readonly admission: AdmissionSettings<TEvent>
  readonly queueUrl: string
  readonly runtime: Runtime
}

const RULES: Rules = {
  ...ADMISSION_RULES,
  docsUrl: { rule: aUrl },
  problem: { rule: aFunction },
  queueUrl: { required: true, rule: aQueueUrl },
  group: { rule: aFunction },
  sqs: { rule: aClient },
  runtime: { rule: aClock },
}

export const readToQueueSettings = <TEvent>(
  where: string,
  options: WebhookToQueueOptions<TEvent>,
): ToQueueSettings<TEvent> => {
  checkOptions(where, options, RULES)
  const { group, sqs, runtime = systemRuntime } = options
  const queueUrl = options.queueUrl as string // its rule takes nothing else
  if (group !== undefined && !isFifo(queueUrl)) {
    const rule = 'is a function; it must be absent for a queue whose name does not end in .fifo'
    throw new OptionError(where, 'group', rule)
  }
  return { admission: readAdmission(where, options), queueUrl, group, sqs, runtime }
}
