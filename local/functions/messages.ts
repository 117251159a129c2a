/** What the gateway and the process of a function say to each other. JSON in text, as on Lambda's runtime API. */

export interface Invocation {
  readonly requestId: string
  readonly event: string
  /** Epoch milliseconds: when this invocation is killed. */
  readonly deadline: number
}

export type FunctionMessage =
  /** The handler is loaded: invocations may come. */
  { readonly kind: 'ready' } | { readonly kind: 'returned'; readonly result: string } | { readonly kind: 'threw' }
