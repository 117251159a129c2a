/** For tests of handlers and stores: a clock set by hand, a store with faults, the contract of a store. */
export { checkHistory, type HistoryRule, type Violation } from './testing/check-history.ts'
export type { Guarantee } from './testing/contract/bench.ts'
export {
  type FaultyCall,
  type FaultyStore,
  faultyStore,
  type StoreCall,
  type StoreFault,
} from './testing/faulty-store.ts'
export type { ClientAnswer, History, Operation, Run, SettledValue } from './testing/history.ts'
export { type ContractCase, type StoreContractOptions, storeContract } from './testing/store-contract.ts'
export { type TestClock, type TestRuntime, type TestRuntimeOptions, testRuntime } from './testing/test-runtime.ts'
