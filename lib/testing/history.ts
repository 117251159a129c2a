/** What clients saw of a layer, and what handlers did, for `checkHistory`. All times are epoch milliseconds of one clock. */
export interface History {
  readonly operations: readonly Operation[]
  readonly runs: readonly Run[]
  /** What the store held when all was over. Absent: it is not looked at. */
  readonly settled?: readonly SettledValue[] | undefined
  /** How long an outcome is replayed, in milliseconds. Default: longer than the history. */
  readonly retention?: number | undefined
}

/** One call of a client. */
export interface Operation {
  readonly client: string
  readonly key: string
  readonly payload: unknown
  readonly calledAt: number
  /** For a client that died: when it was last seen alive. */
  readonly answeredAt: number
  readonly answer: ClientAnswer
}

export type ClientAnswer =
  /** `created` and `replayed` are stored; the other two are outside the guarantee. */
  | {
      readonly kind: 'value'
      readonly value: unknown
      readonly status: 'created' | 'replayed' | 'unstored' | 'unprotected'
    }
  /** By the layer: the code of an `IdempotencyError`. */
  | { readonly kind: 'refused'; readonly code: string }
  /** By the handler: the error as text. */
  | { readonly kind: 'threw'; readonly error: string }
  /** The client or its process died. */
  | { readonly kind: 'none' }

/** One run of a handler. */
export interface Run {
  readonly key: string
  readonly payload: unknown
  /** Of its claim; `undefined`: it ran unprotected. */
  readonly attempt: number | undefined
  readonly startedAt: number
  /** `undefined`: not known, or not over. */
  readonly endedAt?: number | undefined
  /** When its lease ended or would have, renewals included: not later than that. `undefined`: not known, so never. */
  readonly lapsedAt?: number | undefined
  /** `died`: its process ended before its client was answered. `running`: it was not over when the history was. */
  readonly ended: 'returned' | 'threw' | 'died' | 'running'
  /** What it returned, or would have. Each run needs one of its own: answers are traced back by it. */
  readonly value?: unknown
}

/** A success in the store. */
export interface SettledValue {
  readonly key: string
  readonly value: unknown
}
