import type { RecordKey } from '../identity/record-key.ts'
import type { ClaimEnding } from '../outcome/outcome-policy.ts'
import type { EpochMillis } from '../time.ts'
import type { Decide } from './begin-result.ts'

/** What a reconcile function learns about the record whose effect is in doubt. */
export interface AbandonedClaim {
  readonly recordKey: RecordKey
  /** The attempt that asks. The effect in doubt is one of earlier attempts. */
  readonly attempt: number
  /** The attempt with which the current generation began. */
  readonly generation: number
  /**
   * How many earlier claims of this generation count as no run: they ran nothing, such as after a question without a
   * decision, or a person has decided a step after them.
   */
  readonly reconciles: number
  /** Class of the error that abandoned the record; absent after a crash. */
  readonly lastError?: string
  /** When the record was created, in epoch milliseconds. */
  readonly createdAt: EpochMillis
  /** When the generation began, in epoch milliseconds. No effect under its keys is older, but for a difference of clocks. */
  readonly generationAt: EpochMillis
  /** The result that a step of an earlier attempt has kept; `undefined` if it has kept none. */
  kept(step: string): { readonly value: unknown } | undefined
  /** The key that the earlier attempts gave to the downstream under this name. */
  downstreamKey(name: string): string
  /** Aborts when the time for the question is over. */
  readonly signal: AbortSignal
}

/** What a reconcile function answers. A throw, and any other answer, means `{ unknown: true }`. */
export type Reconciled =
  /** The effect happened, and this is the answer: it is stored and replayed. */
  | { readonly done: unknown }
  /** Run again under the same downstream keys. The effect stays in doubt. */
  | { readonly rerun: true }
  /** The effect did not happen and can no longer happen. The run begins a new generation, with new downstream keys. */
  | { readonly notDone: true }
  /** Not known yet. Asked again after 1 to 43,200 seconds; by default after 5 s, doubled each time, at most 600 s. */
  | { readonly unknown: true; readonly retryAfterSeconds?: number }

/** Asks the downstream whether the effect of an abandoned record happened. */
export type Reconcile<TSubject> = (subject: TSubject, claim: AbandonedClaim) => Promise<Reconciled> | Reconciled

/** What the function is asked about, and how its `done` becomes the end of the claim. */
export interface Question<TSubject> {
  readonly subject: TSubject
  readonly endingOf: (done: unknown) => ClaimEnding
}

/** The option `abandoned` as `reconcile(ask)` makes it. */
export interface AbandonedPolicy<TSubject> {
  readonly decider: (question: Question<TSubject>) => Decide
}

/** What the option `abandoned` takes. */
export type AbandonedChoice<TSubject> = 'rerun' | 'hold' | AbandonedPolicy<TSubject>

/** The option `predecessor`, as `lambda-once/migrate` makes it: where the operation's records were kept before. */
export interface Predecessor<TSubject> {
  /** Looks there before a claim runs. `ask` decides about an abandoned record. */
  readonly lookInto: (question: Question<TSubject>, ask: Decide | undefined) => Decide
}

/** The options by which a won claim may end without a run. */
export interface Deciders<TSubject> {
  readonly abandoned?: AbandonedChoice<TSubject> | undefined
  readonly predecessor?: Predecessor<TSubject> | undefined
}

/** `undefined` if nothing is asked. */
export const deciderOf = <TSubject>(
  { abandoned, predecessor }: Deciders<TSubject>,
  question: Question<TSubject>,
): Decide | undefined => {
  const ask = typeof abandoned === 'object' ? abandoned.decider(question) : undefined
  return predecessor === undefined ? ask : predecessor.lookInto(question, ask)
}
