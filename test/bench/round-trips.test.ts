import { subjectOver } from '../../bench/subjects/ours.ts'
import { aPayment } from '../../bench/workload/http.ts'
import { anOrderBatch } from '../../bench/workload/orders.ts'
import type { Store } from '../../lib/index.ts'
import { memoryStore } from '../../lib/memory/memory-store.ts'
import { counting } from '../support/http-harness.ts'
import { startStopwatch } from '../support/stopwatch.ts'

/** Much longer than a busy machine's own delays. */
const LATENCY = 250

const distant = (store: Store): Store => {
  const travel = () => new Promise((resolve) => setTimeout(resolve, LATENCY))
  return {
    ...store,
    claim: async (wanted, signal) => {
      await travel()
      return store.claim(wanted, signal)
    },
    settle: async (claim, settlement, signal) => {
      await travel()
      return store.settle(claim, settlement, signal)
    },
  }
}

test('A first call takes two round trips, a replay one, and a replay from the cache none.', async () => {
  const { store, calls } = counting(memoryStore())
  const { invoke, invokeCached } = subjectOver(store)
  await invoke(aPayment('k'))
  expect(calls.splice(0)).toEqual(['claim', 'settle'])
  await invoke(aPayment('k'))
  expect(calls.splice(0)).toEqual(['claim'])
  await invokeCached?.(aPayment('k'))
  expect(calls.splice(0)).toEqual(['claim'])
  await invokeCached?.(aPayment('k'))
  expect(calls).toEqual([])
})

test('A batch of ten takes as long as two round trips, plus at most a fifth.', async () => {
  const { batch } = subjectOver(distant(memoryStore()))
  const watch = startStopwatch()
  expect(await batch(anOrderBatch('batch', 10))).toEqual({ batchItemFailures: [] })
  expect(watch.stop()).toBeLessThan(2 * LATENCY * 1.2)
})
