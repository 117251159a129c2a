import type { IdempotencyEvent } from '../core/events.ts'

/** How long the claim step of a run took. Each other metric counts events of one type, and has the name of that type. */
export const CLAIM_LATENCY = 'claimLatency'

/** The dimension that every metric has. */
export const OPERATION = 'operation'

export interface EmfSettings {
  readonly namespace: string
  /** In addition to `operation`. */
  readonly dimensions: Readonly<Record<string, string>>
}

interface Metric {
  readonly name: string
  readonly unit: 'Count' | 'Milliseconds'
  readonly value: number
}

/**
 * One event as a line of CloudWatch's embedded metric format. `_aws` says which members are metrics and dimensions. The
 * line also contains the rest of the event, so that Logs Insights can find the records behind a number. An event contains
 * no raw key, payload or answer.
 *
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export const emfLine = (event: IdempotencyEvent, timestamp: number, { namespace, dimensions }: EmfSettings): string => {
  const metrics = metricsOf(event)
  return JSON.stringify({
    _aws: {
      Timestamp: timestamp,
      CloudWatchMetrics: [
        {
          Namespace: namespace,
          Dimensions: [[OPERATION, ...Object.keys(dimensions)]],
          Metrics: metrics.map(({ name, unit }) => ({ Name: name, Unit: unit })),
        },
      ],
    },
    ...event,
    ...dimensions,
    ...Object.fromEntries(metrics.map(({ name, value }) => [name, value])),
  })
}

const metricsOf = (event: IdempotencyEvent): readonly Metric[] => {
  const count: Metric = { name: event.type, unit: 'Count', value: 1 }
  return 'claimMillis' in event
    ? [count, { name: CLAIM_LATENCY, unit: 'Milliseconds', value: Math.max(0, event.claimMillis) }] // a clock may step back
    : [count]
}
