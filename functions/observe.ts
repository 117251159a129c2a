import { emfMetrics } from 'lambda-once/metrics'

/** Metrics where the stack asks for them; on a terminal they would only be lines in the way. */
export const observe: ReturnType<typeof emfMetrics> = process.env.METRICS === 'emf' ? emfMetrics() : () => {}
