/** For tests of handlers and stores: a clock that the test moves, a store with faults, the contract of a store. */
export { checkHistory, type HistoryRule, type Violation } from './check-history.ts'
export type { ContractRows, Guarantee } from './contract/fixture.ts'
export {
  type FaultyCall,
  type FaultyStore,
  faultyStore,
  type StoreCall,
  type StoreFault,
} from './faulty-store.ts'
export type { ClientAnswer, History, Operation, Run, SettledValue } from './history.ts'
export { type ContractCase, type StoreContractOptions, storeContract } from './store-contract.ts'
export { type TestClock, type TestRuntime, type TestRuntimeOptions, testRuntime } from './test-runtime.ts'
