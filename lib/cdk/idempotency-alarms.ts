import { Duration } from 'aws-cdk-lib'
import {
  Alarm,
  ComparisonOperator,
  type Dashboard,
  type IAlarmAction,
  type IMetric,
  type Metric,
  type MetricOptions,
  Stats,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch'
import type { IQueue } from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'
import { DEFAULT_NAMESPACE } from '../core/limits.ts'
import { createDashboard } from './idempotency-dashboard.ts'
import type { IIdempotencyTable } from './idempotency-table.ts'
import { type LayerMetric, layerMetric } from './layer-metrics.ts'
import { checkedOperation } from './operation.ts'
import { RUNBOOK_PAGE, RUNBOOKS, type RunbookName, runbookText } from './runbooks.ts'

export interface IdempotencyAlarmsProps {
  /** The table that the operations use. */
  readonly table: IIdempotencyTable
  /**
   * The operations to watch. Their handlers need `observe: emfMetrics()`. 1 to 100 characters of `A-Z a-z 0-9 . _ -`
   * each; must not be CDK tokens.
   */
  readonly operations: string[]
  /**
   * Dead-letter queues to watch: any message in them raises an alarm.
   * @default - none
   */
  readonly deadLetterQueues?: IQueue[]
  /**
   * What to do when an alarm starts and when it ends, such as an `SnsAction`.
   * @default - no action; the alarms only show their state
   */
  readonly alarmActions?: IAlarmAction[]
  /**
   * Where your people on call read the runbooks: the address of a copy of docs/operating.md. The description of each
   * alarm has it, with the anchor of the alarm's section. 1 to 400 characters.
   * @default 'docs/operating.md'
   */
  readonly runbookPage?: string
  /**
   * The `namespace` that the handlers give to `emfMetrics`.
   * @default 'LambdaOnce'
   */
  readonly namespace?: string
  /**
   * Claims lost to a take-over in five minutes. A lease was too short, or a clock was wrong.
   * @default 1
   */
  readonly lostThreshold?: number
  /**
   * Outcomes in five minutes that could not be stored. A retry runs the handler again.
   * @default 1
   */
  readonly unstoredThreshold?: number
  /**
   * Runs in five minutes that ended in doubt: the handler threw, or answered with status 500 or above.
   * @default 5
   */
  readonly abandonedThreshold?: number
  /**
   * Retries in five minutes that met a record which waits for a person: it is held, or has a step in doubt.
   * @default 1
   */
  readonly outcomeUnknownThreshold?: number
  /**
   * Store calls that failed in five minutes.
   * @default 5
   */
  readonly storeFailedThreshold?: number
  /**
   * The 99th percentile of the latency of won claims, in each five minutes of fifteen.
   * @default 500 ms
   */
  readonly claimLatencyThreshold?: Duration
  /**
   * Throttled reads in five minutes, and throttled writes: each has an alarm.
   * @default 1
   */
  readonly throttlesThreshold?: number
  /**
   * Writes in five minutes that conflicted with a transaction on the same record.
   * @default 10
   */
  readonly transactionConflictsThreshold?: number
  /**
   * Messages in a dead-letter queue.
   * @default 1
   */
  readonly deadLettersThreshold?: number
  /**
   * Whether to create a dashboard of first calls, replays, conflicts, mismatches and take-overs.
   * @default true
   */
  readonly dashboard?: boolean
  /**
   * The dashboard's name.
   * @default - CloudFormation generates a name
   */
  readonly dashboardName?: string
}

interface Watch {
  readonly metric: IMetric
  readonly threshold: number
  readonly periods?: number
  readonly about: string
  readonly runbook: RunbookName
}

const PERIOD = Duration.minutes(5)

/** A cold start makes one slow claim: the latency alarm waits until claims stay slow. */
const LATENCY_PERIODS = 3

/**
 * Alarms for when the guarantee is in danger or a person has to decide, and a dashboard. Missing data raises no alarm:
 * an operation without calls is healthy. Each threshold alarms at its value and above.
 *
 * ```ts
 * new IdempotencyAlarms(this, 'Alarms', { table, operations: ['payments'], alarmActions: [new SnsAction(onCall)] })
 * ```
 */
export class IdempotencyAlarms extends Construct {
  readonly alarms: readonly Alarm[]
  readonly dashboard: Dashboard | undefined

  readonly #namespace: string
  readonly #tableName: string
  readonly #runbookPage: string

  constructor(scope: Construct, id: string, props: IdempotencyAlarmsProps) {
    super(scope, id)
    const { table, operations, deadLetterQueues = [], namespace = DEFAULT_NAMESPACE } = props
    this.#namespace = namespace
    this.#tableName = table.table.tableName
    this.#runbookPage = checkedPage(props.runbookPage ?? RUNBOOK_PAGE)
    const watches = {
      ...Object.assign({}, ...operations.map((operation) => this.#ofOperation(checkedOperation(operation), props))),
      ...ofTable(table, props),
      ...ofQueues(deadLetterQueues, props),
    } as Readonly<Record<string, Watch>>
    this.alarms = Object.entries(watches).map(([name, watch]) => this.#alarm(name, watch, props.alarmActions ?? []))
    this.dashboard =
      props.dashboard === false
        ? undefined
        : createDashboard(this, props.dashboardName, { namespace, operations, table, deadLetterQueues })
  }

  /** A metric of the layer, for your own alarms and dashboards. */
  metric(operation: string, metricName: LayerMetric, props?: MetricOptions): Metric {
    return layerMetric(this.#namespace, operation, metricName, props)
  }

  #ofOperation(operation: string, props: IdempotencyAlarmsProps): Readonly<Record<string, Watch>> {
    const sum = (name: LayerMetric): IMetric => this.metric(operation, name, { period: PERIOD })
    const latency = props.claimLatencyThreshold ?? Duration.millis(500)
    return {
      [`${operation}-lost`]: {
        metric: sum('lost'),
        threshold: props.lostThreshold ?? 1,
        about: 'An invocation ended after another had taken over its record: the effect may have happened twice.',
        runbook: 'lost',
      },
      [`${operation}-unstored`]: {
        metric: sum('unstored'),
        threshold: props.unstoredThreshold ?? 1,
        about: 'A handler ran and its outcome could not be stored: a retry after the lease runs it again.',
        runbook: 'unstored',
      },
      [`${operation}-abandoned`]: {
        metric: sum('abandoned'),
        threshold: props.abandonedThreshold ?? 5,
        about: 'Handlers ended in doubt: they threw, or answered with status 500 or above.',
        runbook: 'abandoned',
      },
      [`${operation}-outcomeUnknown`]: {
        metric: sum('outcomeUnknown'),
        threshold: props.outcomeUnknownThreshold ?? 1,
        about: 'A retry met a record that waits for a person, who has to find out what happened, and decide it.',
        runbook: 'outcomeUnknown',
      },
      [`${operation}-storeFailed`]: {
        metric: sum('storeFailed'),
        threshold: props.storeFailedThreshold ?? 5,
        about: 'Calls to the table failed: callers get 503, or outcomes are at risk.',
        runbook: 'storeFailed',
      },
      [`${operation}-claimLatency`]: {
        metric: sum('claimLatency'),
        threshold: latency.toMilliseconds(),
        periods: LATENCY_PERIODS,
        about: 'Claims are slow: every first call waits for one.',
        runbook: 'claimLatency',
      },
    }
  }

  #alarm(name: string, watch: Watch, actions: readonly IAlarmAction[]): Alarm {
    const { metric, threshold, periods = 1, about, runbook } = watch
    const alarm = new Alarm(this, name, {
      metric,
      threshold,
      evaluationPeriods: periods,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
      alarmDescription: `${about} ${runbookText(RUNBOOKS[runbook], this.#tableName, this.#runbookPage)}`,
    })
    alarm.addAlarmAction(...actions)
    alarm.addOkAction(...actions)
    return alarm
  }
}

/** CloudWatch takes 1,024 characters of a description, and the rest of it is shorter than 600. */
const checkedPage = (page: string): string => {
  if (page.length >= 1 && page.length <= 400) return page
  throw new Error(`runbookPage has ${page.length} characters; it must have 1 to 400`)
}

const ofTable = (table: IIdempotencyTable, props: IdempotencyAlarmsProps): Readonly<Record<string, Watch>> => ({
  TableThrottledReads: {
    metric: table.metricThrottledReads({ period: PERIOD }),
    threshold: props.throttlesThreshold ?? 1,
    about: 'The table throttled reads.',
    runbook: 'throttles',
  },
  TableThrottledWrites: {
    metric: table.metricThrottledWrites({ period: PERIOD }),
    threshold: props.throttlesThreshold ?? 1,
    about: 'The table throttled writes: callers get 503, or outcomes are at risk.',
    runbook: 'throttles',
  },
  TableTransactionConflicts: {
    metric: table.metricTransactionConflicts({ period: PERIOD }),
    threshold: props.transactionConflictsThreshold ?? 10,
    about: 'Writes to records conflicted with transactions on the same records.',
    runbook: 'transactionConflicts',
  },
})

const ofQueues = (queues: readonly IQueue[], props: IdempotencyAlarmsProps): Readonly<Record<string, Watch>> =>
  Object.fromEntries(
    queues.map((queue, index) => [
      `DeadLetters${index + 1}`,
      {
        metric: queue.metricApproximateNumberOfMessagesVisible({ period: PERIOD, statistic: Stats.MAXIMUM }),
        threshold: props.deadLettersThreshold ?? 1,
        about: 'A message is in the dead-letter queue: a person has to look at it.',
        runbook: 'deadLetters' as const,
      },
    ]),
  )
