import type { Subject } from '../subjects/subject.ts'
import { type AnswerSize, aPayment, closeGate } from '../workload/http.ts'
import { anOrderBatch } from '../workload/orders.ts'

/** What is timed, ready to be run. */
export interface Prepared {
  /** One unit of work after the other; each call is timed. */
  readonly calls: readonly (() => Promise<unknown>)[]
  /** Invocations or messages in one call. */
  readonly unitsPerCall: number
  /** What was left open for the time of the run. */
  readonly finish?: () => Promise<void>
}

export interface Scenario {
  readonly label: string
  /** What one unit is. */
  readonly unit: 'invocation' | 'message'
  /** How many units are enough to count requests; 0: as the scenario before it. */
  readonly counted: number
  /** The floor's scenario to compare with. Default: the same. */
  readonly against?: string
  /** `units`: how many at least; `name`: of this run, for keys that nobody has used. */
  prepare(subject: Subject, name: string, units: number): Promise<Prepared | undefined>
}

/** Enough that none is hot, few enough to be stored before the clock starts. */
const STORED_KEYS = 10

/** A refusal may be an answer or a throw: both are the end of an invocation. */
const ended = (call: Promise<unknown>): Promise<unknown> => call.catch(() => undefined)

const times = (count: number, call: (index: number) => Promise<unknown>): readonly (() => Promise<unknown>)[] =>
  Array.from({ length: count }, (_, index) => () => call(index))

const first =
  (size: AnswerSize): Scenario['prepare'] =>
  async (subject, name, units) => ({
    calls: times(units, (index) => subject.invoke(aPayment(`${name}-${index}`, size))),
    unitsPerCall: 1,
  })

/** Stores some outcomes, then asks for them again and again. */
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
      await new Promise((resolve) => setTimeout(resolve, 50)) // the owner's claim stands
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
