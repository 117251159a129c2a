import { Dashboard, GraphWidget, type IMetric, type IWidget, Stats } from 'aws-cdk-lib/aws-cloudwatch'
import type { IQueue } from 'aws-cdk-lib/aws-sqs'
import type { Construct } from 'constructs'
import type { IIdempotencyTable } from './idempotency-table.ts'
import { type LayerMetric, layerMetric } from './layer-metrics.ts'

export interface Watched {
  readonly namespace: string
  readonly operations: readonly string[]
  readonly table: IIdempotencyTable
  readonly deadLetterQueues: readonly IQueue[]
}

const FULL_WIDTH = 24
const HALF_WIDTH = 12

/** Graphs of each operation's calls, of the outcomes in doubt, of latency, and of the table and the queues. */
export const createDashboard = (scope: Construct, name: string | undefined, watched: Watched): Dashboard =>
  new Dashboard(scope, 'Dashboard', {
    ...(name === undefined ? {} : { dashboardName: name }),
    widgets: [
      ...watched.operations.map((operation) => [callsOf(watched.namespace, operation)]),
      [trouble(watched), latency(watched)],
      [tableWrites(watched), ...(watched.deadLetterQueues.length === 0 ? [] : [deadLetters(watched)])],
    ],
  })

const callsOf = (namespace: string, operation: string): IWidget => {
  const of = (metricName: LayerMetric, label: string): IMetric =>
    layerMetric(namespace, operation, metricName, { label })
  return new GraphWidget({
    title: `${operation}: what calls met`,
    width: FULL_WIDTH,
    left: [
      of('claimed', 'first calls'),
      of('replayed', 'replays'),
      of('conflicted', 'conflicts'),
      of('mismatched', 'mismatches'),
      of('tookOver', 'take-overs'),
      of('outcomeUnknown', 'held'),
    ],
  })
}

const trouble = ({ namespace, operations }: Watched): IWidget =>
  new GraphWidget({
    title: 'Outcomes in doubt',
    width: HALF_WIDTH,
    left: operations.flatMap((operation) =>
      (['lost', 'unstored', 'abandoned', 'storeFailed', 'poisoned'] as const).map((name) =>
        layerMetric(namespace, operation, name, { label: `${operation} ${name}` }),
      ),
    ),
  })

const latency = ({ namespace, operations }: Watched): IWidget =>
  new GraphWidget({
    title: 'Claim latency (ms)',
    width: HALF_WIDTH,
    left: operations.flatMap((operation) =>
      [Stats.p(50), Stats.p(99)].map((statistic) =>
        layerMetric(namespace, operation, 'claimLatency', { statistic, label: `${operation} ${statistic}` }),
      ),
    ),
  })

const tableWrites = ({ table }: Watched): IWidget =>
  new GraphWidget({
    title: 'Table',
    width: HALF_WIDTH,
    left: [
      table.metricRefusedWrites({ label: 'refused writes' }),
      table.metricTransactionConflicts({ label: 'transaction conflicts' }),
      table.metricThrottledReads({ label: 'throttled reads' }),
      table.metricThrottledWrites({ label: 'throttled writes' }),
    ],
  })

const deadLetters = ({ deadLetterQueues }: Watched): IWidget =>
  new GraphWidget({
    title: 'Dead letters',
    width: HALF_WIDTH,
    left: deadLetterQueues.map((queue) => queue.metricApproximateNumberOfMessagesVisible({ statistic: Stats.MAXIMUM })),
  })
