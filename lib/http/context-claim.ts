import type { HandlerClaim } from '../core/handler-claim.ts'
import { isObject } from '../core/option-rules.ts'

const claims = new WeakMap<object, HandlerClaim>()

/**
 * The claim under which the handler runs, in either form; `undefined` where it runs without one. A call that is made
 * within another, with the same context, has its own; two at once with one context cannot be told apart. Close to the
 * deadline the middleware cannot tell whether its handler has ended, and leaves its claim in force: give a chain that
 * runs within a call a context of its own, such as `Object.create(context)`.
 */
export const claimOf = (context: object): HandlerClaim | undefined => claims.get(context)

/** The claim that is in force from now on; the answer puts back the one before. */
export const enterClaim = (context: object, claim: HandlerClaim | undefined): (() => void) => {
  const outer = claims.get(context)
  setClaim(context, claim)
  return () => setClaim(context, outer)
}

/** Runs the handler with the claim in force, until it has ended. */
export const withClaim = async <T>(
  context: object,
  claim: HandlerClaim | undefined,
  run: () => T | Promise<T>,
): Promise<T> => {
  const leave = isObject(context) ? enterClaim(context, claim) : undefined // tests call handlers without one
  try {
    return await run()
  } finally {
    leave?.()
  }
}

const setClaim = (context: object, claim: HandlerClaim | undefined): void => {
  if (claim === undefined) claims.delete(context)
  else claims.set(context, claim)
}
