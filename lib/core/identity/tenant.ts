import { IdempotencyError } from '../errors.ts'
import type { Rule } from '../option-rules.ts'
import { unawaited } from '../unawaited.ts'
import { SINGLE_TENANT } from './record-key.ts'

type TenantAnswer = string | Error | null | undefined

/**
 * The option `tenant` of the entries that take an event. It is required, so no two customers share a key by accident.
 */
export type TenantChoice<TSubject> =
  | ((subject: TSubject) => TenantAnswer | PromiseLike<TenantAnswer>)
  | typeof SINGLE_TENANT

/** `subject`: the name of the function's argument, for the message. */
export const aTenant =
  (subject: string): Rule =>
  (value) =>
    typeof value === 'function' || value === SINGLE_TENANT
      ? undefined
      : `must be a function of the ${subject}, or the literal "${SINGLE_TENANT}"`

/**
 * Derived before the handler runs, and from the event only: a tenant is never guessed. An error that the function
 * returns is thrown. An error that a synchronous function throws is thrown at once, not as a rejection.
 */
export const tenantOf = <TSubject>(tenant: TenantChoice<TSubject>, subject: TSubject): string | Promise<string> => {
  if (tenant === SINGLE_TENANT) return SINGLE_TENANT
  const answer = tenant(subject)
  return isPromiseLike(answer) ? Promise.resolve(answer).then(tenantText) : tenantText(answer)
}

const isPromiseLike = (answer: unknown): answer is PromiseLike<TenantAnswer> =>
  typeof (answer as PromiseLike<unknown> | null | undefined)?.then === 'function'

const tenantText = (answer: TenantAnswer): string => {
  if (answer instanceof Error) throw answer
  return scopeText('tenant', answer)
}

/**
 * The answer of an option for the scope or the key, if it is a text. Throws {@link IdempotencyError} `scope-missing`
 * otherwise.
 */
export const scopeText = (option: string, answer: unknown): string => {
  if (typeof answer === 'string' && answer !== '') return answer
  unawaited(answer)
  throw new IdempotencyError(
    'scope-missing',
    `The ${option} option answered ${typeName(answer)}; it must answer a text`,
  )
}

const typeName = (answer: unknown): string => {
  if (answer === '') return 'an empty text'
  return answer instanceof Promise ? 'a Promise' : answer === null ? 'null' : typeof answer
}
