import { Metric, type MetricOptions, Stats } from 'aws-cdk-lib/aws-cloudwatch'

/** What `emfMetrics` publishes: a count for each type of event, and how long a won claim took. */
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
  | 'lost'
  | 'unstored'
  | 'skipped'
  | 'storeFailed'
  | 'poisoned'
  | 'unusable'
  | 'dropped'
  | 'queueFailed'
  | 'claimLatency'

/** The default of `emfMetrics`. */
export const DEFAULT_NAMESPACE = 'LambdaOnce'

const OPERATION = 'operation'

/** Each as the metric is of use: counts are added up, a latency is looked at where it hurts. */
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
