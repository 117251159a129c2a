import { LEAST_MAX_RECEIVE_COUNT, TIMEOUTS_PER_VISIBILITY } from '../../core/limits.ts'
import { type Check, type Facts, type Judged, of } from './check.ts'
import type { QueueFacts, WorkerFacts } from './worker-facts.ts'

/** The shorter of the bounds of API Gateway: REST APIs wait 29 s for a function, HTTP APIs 30 s. */
const LONGEST_REQUEST_SECONDS = 29

/** Rows about `--queue`, about `--function`, and about both. */
export const WORKER_CHECKS: readonly Check[] = [
  {
    id: 'queue-visibility',
    what: 'the visibility timeout of --queue',
    how: 'GetQueueAttributes; GetFunctionConfiguration and ListEventSourceMappings of --function',
    meaning:
      'A message becomes visible while its batch may still run. Its next delivery finds a live claim, and uses up a receive.',
    remedy: `Set it to at least ${TIMEOUTS_PER_VISIBILITY} x the function's timeout + the batch window.`,
    judge: onQueue((queue, facts) => visibility(queue, facts)),
  },
  {
    id: 'queue-receive-count',
    what: 'maxReceiveCount in the redrive policy of --queue',
    how: 'GetQueueAttributes',
    meaning:
      'If it is not more than maxRuns, SQS moves poison to the dead-letter queue before the layer adds the reason. Without a redrive policy poison comes back until SQS deletes it.',
    remedy: `Set it to more than maxRuns, and to at least ${LEAST_MAX_RECEIVE_COUNT}.`,
    judge: onQueue(({ redrive }, { numbers }) => receives(redrive, numbers.maxRuns)),
  },
  {
    id: 'queue-retention',
    what: 'how long --queue keeps a message',
    how: 'GetQueueAttributes',
    meaning:
      'A record must live at least as long as a message. Otherwise the last redelivery finds no record, and runs again.',
    remedy: "Shorten the queue's retention, or raise the option retentionSeconds.",
    judge: onQueue(({ retentionSeconds }, { numbers }) => ({
      verdict: retentionSeconds <= numbers.retentionSeconds ? 'ok' : 'bad',
      finding: `messages ${retentionSeconds} s, records ${numbers.retentionSeconds} s`,
    })),
  },
  {
    id: 'dead-letter-retention',
    what: 'how long the dead-letter queue of --queue keeps a message',
    how: 'GetQueueUrl and GetQueueAttributes of the dead-letter queue',
    meaning:
      'A redriven message must find its record, or it runs again. On a standard queue a message keeps its age when it moves, so it is deleted unseen if the time is shorter than that of the queue.',
    remedy: 'Set it to at least the retention of the queue, and to at most the option retentionSeconds.',
    judge: onQueue((queue, facts) => deadLetters(queue, facts)),
  },
  {
    id: 'worker-mapping',
    what: 'how --function reads --queue',
    how: 'ListEventSourceMappings',
    meaning:
      'Without ReportBatchItemFailures Lambda ignores which messages the layer returns, and deletes them although they were not done.',
    remedy: "Set FunctionResponseTypes: ['ReportBatchItemFailures'] on the event source mapping.",
    judge: ({ queue, worker }) => (queue && worker ? of(worker.mapping, mapped) : undefined),
  },
  {
    id: 'function-timeout',
    what: 'the timeout of --function, if there is no --queue',
    how: 'GetFunctionConfiguration',
    meaning:
      'API Gateway gives up after 29 or 30 s. The function still runs, and its claim is live: retries get 409 until it ends.',
    remedy: `Set the timeout to at most ${LONGEST_REQUEST_SECONDS} s, unless callers do not come through API Gateway.`,
    judge: ({ worker, queue }) =>
      worker &&
      (queue === undefined
        ? {
            verdict: worker.timeoutSeconds <= LONGEST_REQUEST_SECONDS ? 'ok' : 'warn',
            finding: `${worker.timeoutSeconds} s`,
          }
        : undefined),
  },
  {
    id: 'function-table',
    what: 'the table in the environment of --function',
    how: 'GetFunctionConfiguration, the variable IDEMPOTENCY_TABLE',
    meaning: 'The function keeps its records in another table than the one that was checked.',
    remedy: 'Check that table, or give the function the right name.',
    judge: ({ worker, tableName }) => worker && table(worker, tableName),
  },
]

/** A hoisted function, since the rows above use it. */
function onQueue(judge: (queue: QueueFacts, facts: Facts) => Judged): Check['judge'] {
  return (facts) => facts.queue && judge(facts.queue, facts)
}

const visibility = ({ visibilitySeconds }: QueueFacts, { worker }: Facts): Judged => {
  const finding = `${visibilitySeconds} s`
  if (worker === undefined) return { verdict: 'unknown', finding: `${finding}; give --function to compare it` }
  return of(worker.mapping, (mapping) => {
    const window = mapping?.batchWindowSeconds ?? 0
    const least = worker.timeoutSeconds * TIMEOUTS_PER_VISIBILITY + window
    return {
      verdict: visibilitySeconds >= least ? 'ok' : 'bad',
      finding: `${finding}; a timeout of ${worker.timeoutSeconds} s with a batch window of ${window} s needs ${least} s`,
    }
  })
}

const receives = (redrive: QueueFacts['redrive'], maxRuns: number): Judged => {
  if (redrive === undefined) return { verdict: 'warn', finding: 'no redrive policy' }
  const { maxReceiveCount } = redrive
  const finding = `${maxReceiveCount}, and maxRuns is ${maxRuns}`
  if (maxReceiveCount <= maxRuns) return { verdict: 'bad', finding }
  return { verdict: maxReceiveCount < LEAST_MAX_RECEIVE_COUNT ? 'warn' : 'ok', finding }
}

const deadLetters = (queue: QueueFacts, { numbers }: Facts): Judged =>
  of(queue.deadLetterRetentionSeconds, (seconds) => {
    const isLongEnough = queue.isFifo || seconds >= queue.retentionSeconds
    return {
      verdict: isLongEnough && seconds <= numbers.retentionSeconds ? 'ok' : 'bad',
      finding: `dead letters ${seconds} s, messages ${queue.retentionSeconds} s, records ${numbers.retentionSeconds} s`,
    }
  })

const mapped = (mapping: { readonly reportsItemFailures: boolean } | undefined): Judged => {
  if (mapping === undefined) return { verdict: 'warn', finding: 'the function does not read this queue' }
  return mapping.reportsItemFailures
    ? { verdict: 'ok', finding: 'it reports batch item failures' }
    : { verdict: 'bad', finding: 'it does not report batch item failures' }
}

const table = ({ environment }: WorkerFacts, checked: string): Judged => {
  const { IDEMPOTENCY_TABLE: own } = environment
  if (own === undefined) return { verdict: 'unknown', finding: 'the function has no variable IDEMPOTENCY_TABLE' }
  return { verdict: nameOf(own) === nameOf(checked) ? 'ok' : 'warn', finding: own }
}

/** An ARN ends in the name. */
const nameOf = (table: string): string => table.split('/').at(-1) ?? table
