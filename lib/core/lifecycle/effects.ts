import type { ClaimEnding } from '../outcome/outcome-policy.ts'
import type { HandlerClaim } from '../record/handler-claim.ts'
import type { Checkpoint, RefusalReason, TransactItem } from '../record/store.ts'
import type { OfTransaction, SettleResult } from './settle-result.ts'

/**
 * What the run of a claim did beside the record, for the end of the claim. Empty until the handler uses
 * `lambda-once/effects`: a bundle without it holds these types only.
 */
export interface Effects {
  steps?: StepLog
  commits?: CommitLog
  /** The handler has ended, and its claim is being settled or has been: nothing may start under it. */
  hasEnded?: true
}

/** One step, as its function gets it. */
export interface Step {
  readonly name: string
  /** The idempotency key for the downstream: the same on every attempt that may repeat this step. */
  readonly downstreamKey: string
  /** Aborts if the claim is lost. */
  readonly signal: AbortSignal
}

/** What the option `inDoubt` answers as a function. */
export type StepDecision<T> = { readonly done: T } | { readonly rerun: true }

export interface StepOptions<T> {
  /**
   * The name that the downstream key is made of. Set it when you rename a step, or when two steps share a key.
   *
   * @default the step's name
   */
  readonly key?: string | undefined
  /**
   * What happens if an earlier attempt, or a failed call of this one, may have begun this step, and its result was not
   * kept:
   * - `'rerun'`: the step runs again, under the same downstream key.
   * - `'stop'`: it never runs a second time. The caller gets `outcome-unknown` (409), and a person decides. One write
   *   more for each such step.
   * - a function: it asks the downstream. `{ done: result }` is kept as the step's result, `{ rerun: true }` runs it.
   *
   * @default 'rerun'
   */
  readonly inDoubt?: 'rerun' | 'stop' | ((step: Step) => StepDecision<T> | Promise<StepDecision<T>>) | undefined
}

/** A step to run. */
export interface StepCall<T> {
  readonly name: string
  readonly run: (step: Step) => T | Promise<T>
  readonly options: StepOptions<T>
  /** The claim as the handler has it: its signal may abort for more reasons than a lost claim. */
  readonly claim: HandlerClaim
}

/** The steps of one run. */
export interface StepLog {
  run<T>(call: StepCall<T>): Promise<T>
  /** Whether a step of this run may have had an effect. Then the status of an answer cannot release the claim. */
  hasRun(): boolean
  /** Whether no step runs. */
  isIdle(): boolean
  /** The results that the record does not have yet. */
  unsaved(): Checkpoint | undefined
  /** Waits until no step runs; after that none starts. Resolves with false if the time runs out first. */
  end(): Promise<boolean>
}

/** How a transaction ended. */
export type Transacted<T> =
  /** Your items and the answer are stored. The caller gets this answer, whatever the handler returns or throws. */
  | { readonly kind: 'committed'; readonly answer: T }
  /** A condition of yours does not hold, and nothing was written. `reasons` has one entry for each item. */
  | { readonly kind: 'refused'; readonly reasons: readonly (RefusalReason | undefined)[] }

/** The transactions of one run. */
export interface CommitLog {
  transact<T>(items: readonly TransactItem[], answer: T): Promise<Transacted<T>>
  /** The end of the claim, if a transaction has been committed. */
  committed(): OfTransaction | undefined
  /** Why nothing may begin under this claim; `undefined` if it may. */
  refusal(): string | undefined
  /** What the caller gets, if a transaction may still be applied and the claim stays until its lease ends. */
  doubt(): OfTransaction | undefined
  /** Ends the claim after a transaction: what was committed, or may have been, comes before `ending`. */
  settle(ending: ClaimEnding): Promise<SettleResult>
}
