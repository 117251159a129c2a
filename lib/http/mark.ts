import { isObject, shown } from '../core/option-rules.ts'
import type { Decision } from '../core/outcome/outcome-policy.ts'

/** Not in the answers themselves, so no client sees them. */
const marks = new WeakMap<object, Decision>()

/**
 * Marks the object that the handler returns: nothing was done, and any request may run under this key. The mark counts
 * before the status and before `outcomes`. A claim that took over an abandoned record is abandoned nevertheless.
 *
 * Returns a marked copy of a plain object, so that a constant that two requests share is not marked for both. An instance
 * of a class is marked itself, for one answer. Throws `TypeError` if it is not an object, or is a promise.
 *
 * @example
 * return release({ statusCode: 200, body: JSON.stringify({ status: 'not ready' }) })
 */
export const release = <T extends object>(answer: T): T => mark('release', answer)

/**
 * Marks the object that the handler returns: the effect may have happened, so only the same request may run again under
 * this key. The mark counts before the status and before `outcomes`.
 *
 * Returns a marked copy of a plain object, so that a constant that two requests share is not marked for both. An instance
 * of a class is marked itself, for one answer. Throws `TypeError` if it is not an object, or is a promise.
 *
 * @example
 * return abandon({ statusCode: 202, body: JSON.stringify({ status: 'unknown' }) })
 */
export const abandon = <T extends object>(answer: T): T => mark('abandon', answer)

/** A mark counts once: the next request may return the same object without a mark. */
export const takeMark = (result: unknown): Decision | undefined => {
  if (!isObject(result)) return undefined
  const decision = marks.get(result)
  marks.delete(result)
  return decision
}

const mark = <T extends object>(decision: Decision, answer: T): T => {
  if (!isObject(answer) || 'then' in answer) {
    const what = isObject(answer) ? 'a promise' : shown(answer)
    throw new TypeError(`${decision}(answer): answer is ${what}; it must be the object that the handler answers`)
  }
  const own = copyOf(answer)
  marks.set(own, decision)
  return own
}

const copyOf = <T extends object>(answer: T): T => {
  if (Array.isArray(answer)) return [...answer] as unknown as T
  const prototype: unknown = Object.getPrototypeOf(answer)
  return prototype === Object.prototype || prototype === null ? { ...answer } : answer
}
