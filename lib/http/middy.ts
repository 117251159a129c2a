import type { TimedContext } from '../core/lifecycle/request.ts'

/** The part of Middy's request that the hooks look at; Middy itself is not imported. */
export interface MiddyRequest<TEvent> {
  readonly event: TEvent
  readonly context: object
  response: unknown
  error: unknown
  earlyResponse?: unknown
}

/** What a handler returned, where Middy took it for the answer although it has to be awaited. */
const unawaited = new WeakMap<object, unknown>()

/**
 * Sees what the handler returns. Middy 7 awaits only native promises of its own realm, and forgets the rest where a hook
 * throws, although the handler may still be at work.
 */
export const watchHandler = (request: MiddyRequest<unknown>): void => {
  Object.defineProperty(request, 'response', {
    configurable: true,
    set: (value: { readonly then?: unknown } | null | undefined) => {
      if (typeof value?.then === 'function') unawaited.set(request, value)
      Object.defineProperty(request, 'response', { value, writable: true })
    },
  })
}

/**
 * Whether the handler may be at work although Middy has gone on; `awaited` is what was awaited since. The answer is not
 * found by awaiting what it returned once more: that may do its work a second time.
 */
export const mayStillRun = (request: object, awaited?: unknown): boolean =>
  (unawaited.get(request) ?? awaited) !== awaited

/** Where Middy looks for it too; of the host's own word, also where the host does not enforce it. */
export const remainingOf = (context: TimedContext & { readonly lambdaContext?: TimedContext }): number =>
  context.getRemainingTimeInMillis?.() ??
  context.lambdaContext?.getRemainingTimeInMillis?.() ??
  Number.POSITIVE_INFINITY

/** Told from an error of the user's own of the same name (`AbortSignal.timeout` makes such) by the package it names. */
export const isMiddyTimeout = (error: unknown): boolean =>
  error instanceof Error &&
  error.name === 'TimeoutError' &&
  (error.cause as { package?: unknown } | undefined)?.package === '@middy/core'
