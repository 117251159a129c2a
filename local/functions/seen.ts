import type { IdempotencyEvent } from '../../lib/core/events.ts'
import type { Invoked } from './invoked.ts'

/** What the process of a function sees of itself. `at`: epoch milliseconds. */
export type SeenInside =
  /** The layer has published an event. */
  | { readonly type: 'event'; readonly at: number; readonly event: IdempotencyEvent }
  /** A request goes out. `call` numbers the requests of a process. */
  | {
      readonly type: 'called'
      readonly at: number
      readonly call: number
      readonly to: 'database' | 'other'
      readonly name: string
    }
  /** The request has ended. `failed`: without an answer. */
  | { readonly type: 'answered'; readonly at: number; readonly call: number; readonly failed: boolean }

/** What the gateway sees of an invocation. */
export type SeenOutside =
  | { readonly type: 'began'; readonly functionName: string; readonly event: unknown }
  /** The process is loaded, and gets the event. */
  | { readonly type: 'running' }
  | { readonly type: 'ended'; readonly invoked: Invoked }

/** One thing that was seen of an invocation. */
export type Seen = (SeenInside | (SeenOutside & { readonly at: number })) & { readonly invocation: string }
