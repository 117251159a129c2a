import { type AnswerPolicy, type Decision, storeSuccess } from '../core/outcome/outcome-policy.ts'

/**
 * For GraphQL over HTTP, whatever the status and the media type of the answer. Without errors an answer is kept. Errors
 * without `data` say that nothing was executed (a document that cannot be parsed or is not valid, variables that do not
 * fit, `PersistedQueryNotFound`): they release. Errors beside `data`, even if it is null, are of the execution: they
 * abandon. So does each answer that leaves it open: a 5xx, a 406 (Apollo Server sends it after the execution), the codes
 * `INTERNAL_SERVER_ERROR` and `BAD_REQUEST` (the latter also of a batch of which a part has run), and a batch whose
 * operations differ. An answer that is not of GraphQL counts as under `storeSuccess`.
 */
export const graphql: AnswerPolicy = (answer) => {
  const { statusCode, body } = answer
  if (statusCode >= 500 || statusCode === 406) return 'abandon'
  const [first, ...others] = new Set((Array.isArray(body) ? body : [body]).map(decisionOf))
  return others.length > 0 ? 'abandon' : (first ?? storeSuccess(answer))
}

/** One operation's result, as far as it is looked at. */
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
