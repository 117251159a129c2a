import { isObject, shown } from '../core/option-rules.ts'
import type { Decision } from '../core/outcome/outcome-policy.ts'

/** Beside the answers, so that no caller sees a trace of them. */
const marks = new WeakMap<object, Decision>()

/**
 * Marks the object that the handler answers: nothing was done, and any request may run under this key, whatever the
 * status is and whatever `outcomes` would say. A claim that took over an abandoned record is abandoned all the same.
 *
 * @example
 * return release({ statusCode: 200, body: JSON.stringify({ status: 'not ready' }) })
 */
export const release = <T extends object>(answer: T): T => mark('release', answer)

/**
 * Marks the object that the handler answers: the effect is in doubt, so the same request may run again under this key,
 * whatever the status is and whatever `outcomes` would say.
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
