import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda'
import type { IQueue } from 'aws-cdk-lib/aws-sqs'

/** Environment variables for the options `maxRuns` and `deadLetter`. */
const MAX_RUNS_VARIABLE = 'IDEMPOTENCY_MAX_RUNS'
const DEAD_LETTER_VARIABLE = 'DEAD_LETTER_QUEUE_URL'

type Kind = 'IdempotentQueue' | 'IdempotentStream'

const served = new WeakMap<LambdaFunction, Kind>()

/** The worker's environment can hold the URL and the `maxRuns` of one source only. */
export const onlySourceOf = (worker: LambdaFunction, kind: Kind): void => {
  const other = served.get(worker)
  if (other !== undefined) {
    throw new Error(
      `worker ${worker.node.path} has an ${other} already: both would set ${DEAD_LETTER_VARIABLE} and ` +
        `${MAX_RUNS_VARIABLE}; give each source its own function`,
    )
  }
  served.set(worker, kind)
}

export const setWorkerVariables = (worker: LambdaFunction, deadLetterQueue: IQueue, maxRuns: number): void => {
  worker.addEnvironment(DEAD_LETTER_VARIABLE, deadLetterQueue.queueUrl)
  worker.addEnvironment(MAX_RUNS_VARIABLE, String(maxRuns))
}
