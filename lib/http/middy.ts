import type { TimedContext } from '../core/lifecycle/request.ts'

/** The part of Middy's request that the hooks use. Middy itself is not imported. */
export interface MiddyRequest<TEvent> {
  readonly event: TEvent
  readonly context: object
  response: unknown
  error: unknown
  earlyResponse?: unknown
}

/** What a handler returned, if Middy took it for the answer although it has to be awaited. */
const unawaited = new WeakMap<object, unknown>()

/**
 * Keeps what the handler returns. Middy 7 awaits only native promises of its own realm. If a hook throws, Middy forgets
 * the other thenables, although their handler may still be running.
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
 * Whether the handler may still be running although Middy has gone on. `awaited` is what the hook has awaited since. To
 * await the returned thenable once more would not do: a lazy one would do its work a second time.
 */
export const mayStillRun = (request: object, awaited?: unknown): boolean =>
  (unawaited.get(request) ?? awaited) !== awaited

/** Read where Middy reads it. It counts even on a host that does not enforce its deadline. */
export const remainingOf = (context: TimedContext & { readonly lambdaContext?: TimedContext }): number =>
  context.getRemainingTimeInMillis?.() ??
  context.lambdaContext?.getRemainingTimeInMillis?.() ??
  Number.POSITIVE_INFINITY

/** `AbortSignal.timeout` also throws a `TimeoutError`. Middy's is recognised by `cause.package`. */
export const isMiddyTimeout = (error: unknown): boolean =>
  error instanceof Error &&
  error.name === 'TimeoutError' &&
  (error.cause as { package?: unknown } | undefined)?.package === '@middy/core'
