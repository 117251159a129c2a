import { emfMetrics } from 'lambda-once/metrics'

/** Writes metrics if the stack asks for them. On a terminal the extra lines would only be in the way. */
export const observe: ReturnType<typeof emfMetrics> = process.env.METRICS === 'emf' ? emfMetrics() : () => {}
