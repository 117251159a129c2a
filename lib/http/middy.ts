import type { TimedContext } from '../core/lifecycle/request.ts'

/** The part of Middy's request that the hooks look at; Middy itself is not imported. */
export interface MiddyRequest<TEvent> {
  readonly event: TEvent
  readonly context: object
  response: unknown
  error: unknown
  earlyResponse?: unknown
}

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
