import { type AnswerPolicy, type Decision, storeSuccess } from '../core/outcome/outcome-policy.ts'

/**
 * An answer policy for GraphQL over HTTP. It does not depend on the media type, and hardly on the status.
 *
 * - `data` without `errors`: the answer is stored.
 * - `errors` without `data`: nothing was executed, so the key is released. The document cannot be parsed or is not valid,
 *   the variables do not fit, or `PersistedQueryNotFound`.
 * - `errors` with `data`, even if `data` is null: the execution failed, so the key is abandoned.
 * - It is unknown whether the operation ran: the key is abandoned. This is a 5xx, a 406 (Apollo Server sends it after the
 *   execution), the code `INTERNAL_SERVER_ERROR` or `BAD_REQUEST` (the latter also for a batch that ran in part), or a
 *   batch whose operations differ.
 * - Not a GraphQL answer: as under `storeSuccess`.
 *
 * @example
 * idempotent(graphqlHandler, { store, operation: 'graphql', tenant, outcomes: graphql })
 */
export const graphql: AnswerPolicy = (answer) => {
  const { statusCode, body } = answer
  if (statusCode >= 500 || statusCode === 406) return 'abandon'
  const [first, ...others] = new Set((Array.isArray(body) ? body : [body]).map(decisionOf))
  return others.length > 0 ? 'abandon' : (first ?? storeSuccess(answer))
}

/** One operation's result: the members that the policy reads. */
interface Result {
  readonly data?: unknown
  readonly errors?: unknown
}

const IN_DOUBT: readonly unknown[] = ['INTERNAL_SERVER_ERROR', 'BAD_REQUEST']

const decisionOf = (result: unknown): Decision | undefined => {
  const { data, errors } = (result ?? {}) as Result
  if (!hasErrors(errors)) return data === undefined ? undefined : 'complete'
  return data === undefined && Array.isArray(errors) && !errors.some(isInDoubt) ? 'release' : 'abandon'
}

const hasErrors = (errors: unknown): boolean =>
  Array.isArray(errors) ? errors.length > 0 : errors !== undefined && errors !== null

const isInDoubt = (error: { readonly extensions?: { readonly code?: unknown } } | null): boolean =>
  IN_DOUBT.includes(error?.extensions?.code)
