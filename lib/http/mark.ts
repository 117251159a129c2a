import { isObject, shown } from '../core/option-rules.ts'
import type { Decision } from '../core/outcome/outcome-policy.ts'

/** Not in the answers themselves, so no client sees them. */
const marks = new WeakMap<object, Decision>()

/**
 * Marks the object that the handler returns: nothing was done, and any request may run under this key. The mark counts
 * before the status and before `outcomes`. A claim that took over an abandoned record is abandoned nevertheless.
 *
 * Returns the same object. Throws `TypeError` if it is not an object, or is a promise.
 *
 * @example
 * return release({ statusCode: 200, body: JSON.stringify({ status: 'not ready' }) })
 */
export const release = <T extends object>(answer: T): T => mark('release', answer)

/**
 * Marks the object that the handler returns: the effect may have happened, so only the same request may run again under
 * this key. The mark counts before the status and before `outcomes`.
 *
 * Returns the same object. Throws `TypeError` if it is not an object, or is a promise.
 *
 * @example
 * return abandon({ statusCode: 202, body: JSON.stringify({ status: 'unknown' }) })
 */
export const abandon = <T extends object>(answer: T): T => mark('abandon', answer)

export const markOf = (result: unknown): Decision | undefined => (isObject(result) ? marks.get(result) : undefined)

const mark = <T extends object>(decision: Decision, answer: T): T => {
  if (!isObject(answer) || 'then' in answer) {
    const what = isObject(answer) ? 'a promise' : shown(answer)
    throw new TypeError(`${decision}(answer): answer is ${what}; it must be the object that the handler answers`)
  }
  marks.set(answer, decision)
  return answer
}
