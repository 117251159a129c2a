import { once } from 'lambda-once'
import { memoryStore } from 'lambda-once/memory'
import { emfMetrics } from 'lambda-once/metrics'
import { faultyStore, testRuntime } from 'lambda-once/testing'
export const runtime = testRuntime()
export const store = faultyStore(memoryStore())
export const observe = emfMetrics()
export const pay = once({ store, operation: 'payments', observe })
export const paid = () => pay({ key: 'k', tenant: 't', payload: {} }, () => 1)
