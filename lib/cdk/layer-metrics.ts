import { Metric, type MetricOptions, Stats } from 'aws-cdk-lib/aws-cloudwatch'

/**
 * A metric that `emfMetrics` publishes: the count of one type of event, or `claimLatency`, in milliseconds, of won
 * claims.
 */
export type LayerMetric =
  | 'claimed'
  | 'tookOver'
  | 'replayed'
  | 'conflicted'
  | 'outcomeUnknown'
  | 'mismatched'
  | 'completed'
  | 'released'
  | 'abandoned'
  | 'reconciled'
  | 'stepNotKept'
  | 'answerIgnored'
  | 'operated'
  | 'lost'
  | 'unstored'
  | 'skipped'
  | 'storeFailed'
  | 'poisoned'
  | 'unusable'
  | 'dropped'
  | 'queueFailed'
  | 'claimLatency'

const OPERATION = 'operation'

/** Statistic: the sum of a count, the 99th percentile of the latency. */
export const layerMetric = (
  namespace: string,
  operation: string,
  metricName: LayerMetric,
  props: MetricOptions = {},
): Metric =>
  new Metric({
    namespace,
    metricName,
    dimensionsMap: { [OPERATION]: operation },
    statistic: metricName === 'claimLatency' ? Stats.p(99) : Stats.SUM,
    ...props,
  })
