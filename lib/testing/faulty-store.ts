import { StoreUnavailableError } from '../core/errors.ts'
import { checkOptions, integerBetween, OptionError, oneOf, type Rules } from '../core/option-rules.ts'
import { aStore } from '../core/options.ts'
import type { Store } from '../core/record/store.ts'

/** The calls of a {@link Store} that use the network. */
export type StoreCall = 'claim' | 'takeOver' | 'renew' | 'nextGeneration' | 'checkpoint' | 'commit' | 'settle' | 'peek'

/**
 * - `'unavailable'`: the store refuses the request (throttling, or an internal error). Nothing is applied.
 * - `'lost'`: the request never arrives. Nothing is applied.
 * - `'answerLost'`: the request is applied, and its answer is lost.
 * - `'late'`: the sender gives up, and the request is applied when the test calls `deliver()`.
 *
 * The caller cannot distinguish them: each throws `StoreUnavailableError`.
 */
export type StoreFault = 'unavailable' | 'lost' | 'answerLost' | 'late'

/** One call, and its fault. */
export interface FaultyCall {
  readonly call: StoreCall
  /** Absent if the call was passed on. */
  readonly fault?: StoreFault
}

export interface FaultyStore extends Store {
  /**
   * Plans this fault for the next `times` calls of this kind, after the faults that are already planned. `times` is 1 to
   * 1,000, default 1. Throws `OptionError` for other values.
   */
  next(call: StoreCall, fault: StoreFault, times?: number): void
  /** Applies the late requests in the order of sending. */
  deliver(): Promise<void>
  /** All calls so far. A test can check here that its fault happened. */
  readonly calls: readonly FaultyCall[]
}

const MESSAGES: Readonly<Record<StoreFault, string>> = {
  unavailable: 'refused by the store',
  lost: 'lost on its way to the store',
  answerLost: 'applied, and its answer was lost',
  late: 'delayed on its way to the store',
}

const nothingPlanned = (): Record<StoreCall, StoreFault[]> => ({
  claim: [],
  takeOver: [],
  renew: [],
  nextGeneration: [],
  checkpoint: [],
  commit: [],
  settle: [],
  peek: [],
})

const PLAN: Rules = {
  call: { required: true, rule: oneOf(...Object.keys(nothingPlanned())) },
  fault: { required: true, rule: oneOf(...Object.keys(MESSAGES)) },
  times: { rule: integerBetween(1, 1_000) },
}

/**
 * Returns the same store with faults that a test plans. One call stands for everything that a client sends for it, retries
 * included. Throws `OptionError` if `store` is not a store.
 *
 * @example
 * const store = faultyStore(memoryStore())
 * store.next('settle', 'answerLost')
 */
export const faultyStore = (store: Store): FaultyStore => {
  const problem = aStore(store)
  if (problem !== undefined) throw new OptionError('faultyStore(store)', 'store', problem)
  const planned = nothingPlanned()
  const late: (() => Promise<unknown>)[] = []
  const calls: FaultyCall[] = []

  const send = async <T>(
    call: StoreCall,
    signal: AbortSignal,
    request: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> => {
    const fault = planned[call].shift()
    calls.push(fault === undefined ? { call } : { call, fault })
    if (fault === undefined) return request(signal)
    if (fault === 'answerLost') await request(signal)
    if (fault === 'late') late.push(() => request(new AbortController().signal)) // the sender's signal no longer counts
    throw new StoreUnavailableError(`faultyStore: this ${call} was ${MESSAGES[fault]}`)
  }

  return {
    skew: store.skew,
    claim: (wanted, signal) => send('claim', signal, (current) => store.claim(wanted, current)),
    takeOver: (seen, wanted, signal) => send('takeOver', signal, (current) => store.takeOver(seen, wanted, current)),
    renew: (claim, renewal, signal) => send('renew', signal, (current) => store.renew(claim, renewal, current)),
    nextGeneration: (claim, next, signal) =>
      send('nextGeneration', signal, (current) => store.nextGeneration(claim, next, current)),
    checkpoint: (claim, checkpoint, signal) =>
      send('checkpoint', signal, (current) => store.checkpoint(claim, checkpoint, current)),
    commit: (claim, commit, signal) => send('commit', signal, (current) => store.commit(claim, commit, current)),
    settle: (claim, settlement, signal) =>
      send('settle', signal, (current) => store.settle(claim, settlement, current)),
    peek: (recordKey, signal, wanted) => send('peek', signal, (current) => store.peek(recordKey, current, wanted)),
    outcomeRoom: (claim) => store.outcomeRoom(claim),

    next: (call, fault, times = 1) => {
      checkOptions('faultyStore(store).next(call, fault, times)', { call, fault, times }, PLAN)
      for (let time = 0; time < times; time++) planned[call].push(fault)
    },

    deliver: async () => {
      for (let request = late.shift(); request !== undefined; request = late.shift()) await request()
    },

    calls,
  }
}
