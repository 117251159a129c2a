/** What clients saw, and what handlers did, for `checkHistory`. All times are epoch milliseconds of one clock. */
export interface History {
  readonly operations: readonly Operation[]
  readonly runs: readonly Run[]
  /** The successes in the store at the end. Absent: the store is not checked. */
  readonly settled?: readonly SettledValue[] | undefined
  /**
   * How long an outcome is replayed, in milliseconds, above 0.
   *
   * @default longer than the history
   */
  readonly retention?: number | undefined
}

/** One call of a client. */
export interface Operation {
  readonly client: string
  readonly key: string
  readonly payload: unknown
  readonly calledAt: number
  /** For a client that died: the last time at which it was known to be alive. */
  readonly answeredAt: number
  readonly answer: ClientAnswer
}

export type ClientAnswer =
  /** Outcomes with `created` and `replayed` are stored. The other two are outside the guarantee. */
  | {
      readonly kind: 'value'
      readonly value: unknown
      readonly status: 'created' | 'replayed' | 'unstored' | 'unprotected'
    }
  /** The layer refused the call with this code of an `IdempotencyError`. */
  | { readonly kind: 'refused'; readonly code: string }
  /** The handler threw this error, as text. */
  | { readonly kind: 'threw'; readonly error: string }
  /** The client or its process died. */
  | { readonly kind: 'none' }

/** One run of a handler. */
export interface Run {
  readonly key: string
  readonly payload: unknown
  /** The attempt of its claim. `undefined`: it ran unprotected. */
  readonly attempt: number | undefined
  readonly startedAt: number
  /** `undefined`: unknown, or the run has not ended. */
  readonly endedAt?: number | undefined
  /** When its lease ended or would have ended, renewals included. Never a later time. `undefined`: unknown, so never. */
  readonly lapsedAt?: number | undefined
  /** `died`: its process ended before the client had an answer. `running`: it had not ended when the history ended. */
  readonly ended: 'returned' | 'threw' | 'died' | 'running'
  /** What it returned, or would have returned. It must be different for each run: it links an answer to its run. */
  readonly value?: unknown
}

/** A successful outcome in the store. */
export interface SettledValue {
  readonly key: string
  readonly value: unknown
}
