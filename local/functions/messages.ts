/** The messages between the gateway and the process of a function. Values are JSON text, as in Lambda's runtime API. */
import type { SeenInside } from './seen.ts'

export interface Invocation {
  readonly requestId: string
  readonly event: string
  /** Epoch milliseconds. The gateway kills the invocation after this time. */
  readonly deadline: number
}

export type FunctionMessage =
  /** The handler is loaded: the process is ready for invocations. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'returned'; readonly result: string }
  | { readonly kind: 'threw' }
  /** Only from a process that is watched. */
  | { readonly kind: 'seen'; readonly seen: SeenInside }
