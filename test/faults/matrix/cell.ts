import {
  arrivesLate,
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

export type FaultStep = Exclude<Step, 'peek' | 'nextGeneration'>
export type Kind = 'reset' | '500' | 'throttle' | 'delay' | 'refused'
/** Whether the database applies the send: never, at once, or when nobody waits for it any more. */
export type When = 'before' | 'after' | 'late'
export type Which = 'first' | 'second' | 'all'

/** One fault, at one step of the lifecycle, for some of its sends. */
export interface Cell {
  readonly step: FaultStep
  readonly kind: Kind
  readonly when: When
  readonly which: Which
}

export const STEPS: readonly FaultStep[] = ['claim', 'takeOver', 'renew', 'complete', 'release', 'abandon']

export const WHICH: readonly Which[] = ['first', 'second', 'all']

/** Made by the proxy, which the connection has to reach; a refusal is made by the client's own side. */
const FAULTS: Readonly<Record<Exclude<Kind, 'refused'>, Readonly<Record<When, Fault>>>> = {
  reset: { before: resetBefore, after: resetAfter, late: arrivesLate },
  '500': { before: failBefore, after: failAfter, late: { ...failBefore, apply: 'late' } },
  throttle: { before: throttled, after: { ...throttled, apply: 'now' }, late: { ...throttled, apply: 'late' } },
  delay: { before: timeoutBefore, after: timeoutAfter, late: { ...timeoutBefore, apply: 'late' } },
}

const KINDS: readonly Kind[] = ['reset', '500', 'throttle', 'delay', 'refused']

/** A connection that is refused carries no request: there is no after, and nothing that could arrive late. */
const whensOf = (kind: Kind): readonly When[] => (kind === 'refused' ? ['before'] : ['before', 'after', 'late'])

/** A row for each fault, with a cell for each choice of sends. */
export const rowsOf = (step: FaultStep): readonly (readonly Cell[])[] =>
  KINDS.flatMap((kind) => whensOf(kind).map((when) => WHICH.map((which) => ({ step, kind, when, which }))))

/** What the proxy does. `second`: the first send is reset before it is applied, or there would be no second. */
export const rulesOf = ({ step, kind, when, which }: Cell): readonly Rule[] => {
  const first: Rule = { step, nth: 1, fault: resetBefore }
  if (kind === 'refused') return which === 'second' ? [first] : []
  const fault = FAULTS[kind][when]
  switch (which) {
    case 'first':
      return [{ step, nth: 1, fault }]
    case 'second':
      return [first, { step, nth: 2, fault }]
    case 'all':
      return [{ step, fault }]
  }
}

/** What stands in the table. `claimed`: in progress under a lease. `abandoned`: in progress without one. */
export type AnswerStatus = 'nothing' | 'claimed' | 'abandoned' | 'released' | 'completed'

/** What the first call has to come to, whatever a retry finds. */
export interface Expected {
  readonly runs: number
  /** Value and status, or the error's code or message. */
  readonly first: string
  /** What it leaves in the table, before anything late arrives there. */
  readonly left: AnswerStatus
  /** Of a renewal: whether the lease that stands right after it is the new one. */
  readonly isRenewed?: boolean
}

/** Two lost sends are tried anew: there is a third. A claim gives up after two, and a renewal leaves it to the next. */
const TRIED_ANEW: ReadonlySet<FaultStep> = new Set(['complete', 'release', 'abandon'])

/** Whether a send of the step is applied before the first call ends. */
const isApplied = ({ step, when, which }: Cell): boolean => {
  switch (which) {
    case 'first':
      return true // by the second, if not by itself
    case 'second':
      return when === 'after' || TRIED_ANEW.has(step)
    case 'all':
      return when === 'after'
  }
}

const DONE: Expected = { runs: 1, first: 'done created', left: 'completed' }
const NOT_CLAIMED = { runs: 0, first: 'idempotency-unavailable' } as const

/** A lost send is made up for by the next, where there is one. */
export const expected = (cell: Cell): Expected => {
  const { step, which } = cell
  const applied = isApplied(cell)
  switch (step) {
    case 'claim': // who gives up releases what may be its own
      return which === 'first' ? DONE : { ...NOT_CLAIMED, left: applied ? 'released' : 'nothing' }
    case 'takeOver': // by itself, or still by its predecessor
      return which === 'first' ? DONE : { ...NOT_CLAIMED, left: 'abandoned' }
    case 'renew':
      return { ...DONE, isRenewed: applied }
    case 'complete':
      return which === 'all' ? { runs: 1, first: 'done unstored', left: applied ? 'completed' : 'claimed' } : DONE
    case 'release':
      return { runs: 1, first: 'card declined', left: applied ? 'released' : 'claimed' }
    case 'abandon':
      return { runs: 1, first: 'boom', left: applied ? 'abandoned' : 'claimed' }
  }
}
