import type { Subject } from '../subjects/subject.ts'
import { type AnswerSize, aPayment, closeGate } from '../workload/http.ts'
import { anOrderBatch } from '../workload/orders.ts'

/** The prepared calls of one measurement. */
export interface Prepared {
  /** Run and timed one after the other. */
  readonly calls: readonly (() => Promise<unknown>)[]
  /** Invocations or messages in one call. */
  readonly unitsPerCall: number
  /** Cleans up after the measurement. */
  readonly finish?: () => Promise<void>
}

export interface Scenario {
  readonly label: string
  /** What a unit is. */
  readonly unit: 'invocation' | 'message'
  /** How many units the run that counts requests has. 0: requests are not counted. */
  readonly counted: number
  /**
   * The floor's scenario to compare with.
   * @default - the same scenario
   */
  readonly against?: string
  /** Prepares about `units` units. `name` is unique to this measurement, so keys that contain it are new. */
  prepare(subject: Subject, name: string, units: number): Promise<Prepared | undefined>
}

/** Enough that no key is hot, and few enough to store them before each measurement. */
const STORED_KEYS = 10

/** Some subjects refuse with an answer, others throw. Both end the invocation. */
const ended = (call: Promise<unknown>): Promise<unknown> => call.catch(() => undefined)

const times = (count: number, call: (index: number) => Promise<unknown>): readonly (() => Promise<unknown>)[] =>
  Array.from({ length: count }, (_, index) => () => call(index))

const first =
  (size: AnswerSize): Scenario['prepare'] =>
  async (subject, name, units) => ({
    calls: times(units, (index) => subject.invoke(aPayment(`${name}-${index}`, size))),
    unitsPerCall: 1,
  })

/** Stores some outcomes, then replays them repeatedly. */
const replays = async (
  invoke: Subject['invoke'] | undefined,
  name: string,
  units: number,
  size: AnswerSize = 'receipt',
): Promise<Prepared | undefined> => {
  if (invoke === undefined) return undefined
  for (let key = 0; key < STORED_KEYS; key++) await invoke(aPayment(`${name}-${key}`, size))
  return { calls: times(units, (index) => invoke(aPayment(`${name}-${index % STORED_KEYS}`, size))), unitsPerCall: 1 }
}

const batches =
  (size: number): Scenario['prepare'] =>
  async (subject, name, units) => ({
    calls: times(Math.max(1, Math.round(units / size)), (index) =>
      subject.batch(anOrderBatch(`${name}-${index}`, size)),
    ),
    unitsPerCall: size,
  })

const DUPLICATES = 100

export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  first: { label: 'first call', unit: 'invocation', counted: 20, prepare: first('receipt') },
  firstList: { label: 'first call, 3 KB answer', unit: 'invocation', counted: 20, prepare: first('list') },
  replay: {
    label: 'replay',
    unit: 'invocation',
    counted: 20,
    prepare: (subject, name, units) => replays(subject.invoke, name, units),
  },
  replayList: {
    label: 'replay, 3 KB answer',
    unit: 'invocation',
    counted: 20,
    prepare: (subject, name, units) => replays(subject.invoke, name, units, 'list'),
  },
  cachedReplay: {
    label: 'replay from the process',
    against: 'replay',
    unit: 'invocation',
    counted: 20,
    prepare: (subject, name, units) => replays(subject.invokeCached, name, units),
  },
  conflict: {
    label: 'conflict',
    unit: 'invocation',
    counted: 20,
    prepare: async (subject, name, units) => {
      const open = closeGate()
      const owner = subject.invoke(aPayment(name))
      await new Promise((resolve) => setTimeout(resolve, 50)) // until the owner's claim is stored
      return {
        calls: times(units, () => ended(subject.invoke(aPayment(name)))),
        unitsPerCall: 1,
        finish: async () => {
          open()
          await owner
        },
      }
    },
  },
  duplicates: {
    label: '100 parallel duplicates',
    unit: 'invocation',
    counted: 100,
    prepare: async (subject, name, units) => ({
      calls: times(Math.max(1, Math.round(units / DUPLICATES)), (index) =>
        Promise.all(Array.from({ length: DUPLICATES }, () => ended(subject.invoke(aPayment(`${name}-${index}`))))),
      ),
      unitsPerCall: DUPLICATES,
    }),
  },
  batch10: { label: 'SQS, batches of 10', unit: 'message', counted: 10, prepare: batches(10) },
  batch100: { label: 'SQS, batches of 100', unit: 'message', counted: 100, prepare: batches(100) },
  batch1000: { label: 'SQS, a batch of 1,000', unit: 'message', counted: 0, prepare: batches(1_000) },
}
