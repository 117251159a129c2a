import {
  arrivesLate,
  denied,
  type Fault,
  failAfter,
  failBefore,
  type Rule,
  resetAfter,
  resetBefore,
  throttled,
  timeoutAfter,
  timeoutBefore,
} from '../../support/fault-proxy.ts'
import type { Step } from '../../support/store-step.ts'

export type FaultStep = Exclude<Step, 'peek'>
export type Kind = 'reset' | '500' | 'throttle' | 'delay' | 'refused'
/** Whether the database applies the send: never, at once, or after its sender has given up. */
export type When = 'before' | 'after' | 'late'
export type Which = 'first' | 'second' | 'all'

/** One fault at one step of the lifecycle, for some of its sends. */
export interface Cell {
  readonly step: FaultStep
  readonly kind: Kind
  readonly when: When
  readonly which: Which
}

export const STEPS: readonly FaultStep[] = [
  'claim',
  'takeOver',
  'nextGeneration',
  'renew',
  'checkpoint',
  'commit',
  'complete',
  'release',
  'abandon',
]

export const WHICH: readonly Which[] = ['first', 'second', 'all']

/** The faults that the proxy makes. A refused connection does not reach it, so the client's side makes that fault. */
const FAULTS: Readonly<Record<Exclude<Kind, 'refused'>, Readonly<Record<When, Fault>>>> = {
  reset: { before: resetBefore, after: resetAfter, late: arrivesLate },
  '500': { before: failBefore, after: failAfter, late: { ...failBefore, apply: 'late' } },
  throttle: { before: throttled, after: { ...throttled, apply: 'now' }, late: { ...throttled, apply: 'late' } },
  delay: { before: timeoutBefore, after: timeoutAfter, late: { ...timeoutBefore, apply: 'late' } },
}

const KINDS: readonly Kind[] = ['reset', '500', 'throttle', 'delay', 'refused']

/** A refused connection carries no request: nothing is applied, and nothing can arrive late. */
const whensOf = (kind: Kind): readonly When[] => (kind === 'refused' ? ['before'] : ['before', 'after', 'late'])

/** A row for each fault, with a cell for each choice of sends. */
export const rowsOf = (step: FaultStep): readonly (readonly Cell[])[] =>
  KINDS.flatMap((kind) => whensOf(kind).map((when) => WHICH.map((which) => ({ step, kind, when, which }))))

/** What happens to other steps of the call. Only the checkpoint keeps a step's result if the claim is not completed. */
const OTHERS: Partial<Record<FaultStep, readonly Rule[]>> = { checkpoint: [{ step: 'complete', fault: denied }] }

/** The script of the proxy. For `second` the first send is reset before it is applied: otherwise there is no second. */
export const rulesOf = ({ step, kind, when, which }: Cell): readonly Rule[] => {
  const first: Rule = { step, nth: 1, fault: resetBefore }
  const others = OTHERS[step] ?? []
  if (kind === 'refused') return [...others, ...(which === 'second' ? [first] : [])]
  const fault = FAULTS[kind][when]
  switch (which) {
    case 'first':
      return [...others, { step, nth: 1, fault }]
    case 'second':
      return [...others, first, { step, nth: 2, fault }]
    case 'all':
      return [...others, { step, fault }]
  }
}

/** The record in the table. `claimed`: in progress with a lease. `abandoned`: in progress without one. */
export type RecordState = 'nothing' | 'claimed' | 'abandoned' | 'released' | 'completed'

/** How the first call must end, whatever a retry finds. */
export interface Expected {
  readonly runs: number
  /** Value and status, or the error's code or message. */
  readonly first: string
  /** What it leaves in the table, before a late send arrives. */
  readonly left: RecordState
  /** Of a renewal: whether the record has the new lease right after it. */
  readonly isRenewed?: boolean
  /** The generation in which it leaves the record. Default: 1. */
  readonly generation?: number
  /** Of a checkpoint: whether the record has the step's result. */
  readonly isKept?: boolean
}

/** The steps that try again after two lost sends. A claim gives up after two, and a renewal waits for the next beat. */
const TRIED_ANEW: ReadonlySet<FaultStep> = new Set([
  'nextGeneration',
  'checkpoint',
  'commit',
  'complete',
  'release',
  'abandon',
])

/** Whether a send of the step is applied before the first call ends. */
const isApplied = ({ step, when, which }: Cell): boolean => {
  switch (which) {
    case 'first':
      return true // by the second send, if not by the first
    case 'second':
      return when === 'after' || TRIED_ANEW.has(step)
    case 'all':
      return when === 'after'
  }
}

const DONE: Expected = { runs: 1, first: 'done created', left: 'completed' }
const NOT_RUN = { runs: 0, first: 'idempotency-unavailable' } as const

/** If a send is lost, the next one has its effect. */
export const expected = (cell: Cell): Expected => {
  const { step, which } = cell
  const applied = isApplied(cell)
  switch (step) {
    case 'claim': // a give-up releases a claim that may be its own
      return which === 'first' ? DONE : { ...NOT_RUN, left: applied ? 'released' : 'nothing' }
    case 'takeOver': // abandoned by this call, or still by its predecessor
      return which === 'first' ? DONE : { ...NOT_RUN, left: 'abandoned' }
    case 'nextGeneration': // without an acknowledged generation nothing runs
      return which === 'all'
        ? { ...NOT_RUN, left: 'abandoned', generation: applied ? 2 : 1 }
        : { ...DONE, generation: 2 }
    case 'renew':
      return { ...DONE, isRenewed: applied }
    case 'checkpoint': // the step resolves in each case; its claim is never completed, as after a crash
      return { runs: 1, first: 'done unstored', left: 'claimed', isKept: applied }
    case 'commit': // its abandon finds a commit that was applied
      if (which !== 'all') return DONE
      return applied
        ? { runs: 1, first: 'done replayed', left: 'completed' }
        : { runs: 1, first: 'idempotency-unavailable', left: 'abandoned' }
    case 'complete':
      return which === 'all' ? { runs: 1, first: 'done unstored', left: applied ? 'completed' : 'claimed' } : DONE
    case 'release':
      return { runs: 1, first: 'card declined', left: applied ? 'released' : 'claimed' }
    case 'abandon':
      return { runs: 1, first: 'boom', left: applied ? 'abandoned' : 'claimed' }
  }
}
