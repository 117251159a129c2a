import { ANSWER_TIMEOUT_MILLIS, CONNECTION_TIMEOUT_MILLIS, MAX_ATTEMPTS } from '../core/limits.ts'
import { isObject, type Rule } from '../core/option-rules.ts'
import { DeadlinePassed, type Runtime } from '../core/runtime.ts'
import { fromSeconds, type Millis, millis } from '../core/time.ts'

/** Anything with the `send` of the SDK's clients, such as an `SQSClient`. */
export interface SqsClient {
  send(command: object, options?: { abortSignal?: AbortSignal }): Promise<unknown>
}

export type Sdk = typeof import('@aws-sdk/client-sqs')

/** Sends one command to SQS. Rejects if SQS does not answer within `left`, or within two seconds. */
export type Sender = (make: (sdk: Sdk) => object, left: Millis) => Promise<unknown>

const CALL_BUDGET = fromSeconds(2)

/** The same as for the store's client. The SDK's defaults wait without a limit, and try three times. */
const BOUNDED = {
  maxAttempts: MAX_ATTEMPTS,
  requestHandler: {
    connectionTimeout: CONNECTION_TIMEOUT_MILLIS,
    requestTimeout: ANSWER_TIMEOUT_MILLIS,
    throwOnRequestTimeout: true,
  },
}

/** Loaded at the first call, so that users who send nothing need not install the package. */
const loadSdk = (who: string): Promise<Sdk> =>
  import('@aws-sdk/client-sqs').catch((cause: unknown) => {
    throw new Error(`${who} @aws-sdk/client-sqs to be installed`, { cause })
  })

/** `who` is the beginning of the message if the package is missing: "The option x needs". */
export const createSender = (runtime: Runtime, given: SqsClient | undefined, who: string): Sender => {
  let client = given
  return async (make, left) => {
    const sdk = await loadSdk(who)
    client ??= new sdk.SQSClient(BOUNDED)
    const sender = client
    const budget = millis(Math.min(CALL_BUDGET, left))
    if (budget <= 0) throw new DeadlinePassed('The invocation has no time left to ask SQS')
    return runtime.withDeadline(budget, (abortSignal) => sender.send(make(sdk), { abortSignal }))
  }
}

export const aQueueUrl: Rule = (value) =>
  typeof value === 'string' && /^https?:\/\/[^\s/]+\/.+$/.test(value) ? undefined : 'must be an http(s) URL of a queue'

export const aClient: Rule = (value) =>
  isObject(value) && typeof value.send === 'function' ? undefined : 'must be an SQSClient'
