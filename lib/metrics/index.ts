/** Publishes the layer's events as CloudWatch metrics. */
export { type EmfMetricsOptions, emfMetrics } from './emf-metrics.ts'
