import { emfMetrics } from 'lambda-once/metrics'

/** Metrics where CloudWatch reads them, which is on Lambda; elsewhere they would only be lines on a terminal. */
export const observe: ReturnType<typeof emfMetrics> =
  process.env.AWS_EXECUTION_ENV === undefined ? () => {} : emfMetrics()
