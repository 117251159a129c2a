/** The layer's events as CloudWatch metrics. */
export { type EmfMetricsOptions, emfMetrics } from './metrics/emf-metrics.ts'
