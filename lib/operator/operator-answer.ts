import { isObject, shown } from '../core/option-rules.ts'

/** The answer that retries get from now on. */
export type OperatorAnswer =
  /** For a handler of `lambda-once/http`. */
  | { readonly http: HttpAnswer }
  /** For `once`: any JSON value. A promise is awaited. */
  | { readonly value: unknown }
  /** For SQS, where only the fact counts. */
  | 'none'

interface HttpAnswer {
  readonly statusCode: number
  readonly headers?: Record<string, string>
  readonly body?: string
}

/** A forgotten `await` must not store an empty object. */
export const awaitedAnswer = async (answer: OperatorAnswer): Promise<OperatorAnswer> =>
  isObject(answer) && 'value' in answer ? { ...answer, value: await answer.value } : answer

/** Says why an answer cannot be stored. It would be final: every retry would get it until the record expires. */
export const answerProblem = (answer: unknown): string | undefined => {
  if (answer === 'none') return undefined
  const kinds = isObject(answer) ? Object.keys(answer) : []
  if (kinds.join() === 'value') return undefined
  if (!isObject(answer) || kinds.join() !== 'http') return "the answer must be { http }, { value } or 'none'"
  return httpAnswerProblem(answer.http)
}

const MEMBERS = ['statusCode', 'headers', 'body']

export const httpAnswerProblem = (http: unknown): string | undefined => {
  if (!isObject(http)) return 'the answer must be an object { statusCode, headers, body }'
  const { statusCode, headers, body } = http
  const unknown = Object.keys(http).filter((name) => !MEMBERS.includes(name))
  if (unknown.length > 0) return `the answer has ${unknown.join(', ')}; it may have ${MEMBERS.join(', ')}`
  if (!Number.isInteger(statusCode) || (statusCode as number) < 200 || (statusCode as number) > 599)
    return `statusCode is ${shown(statusCode)}; it must be an integer from 200 to 599`
  if (headers !== undefined && !(isObject(headers) && !Array.isArray(headers) && Object.entries(headers).every(isLine)))
    return 'headers must be an object of texts, each under the name of a header and of one line'
  return body === undefined || typeof body === 'string' ? undefined : 'body must be a text, such as JSON in a string'
}

/** RFC 9110, sections 5.1 and 5.5. An API would answer 502 for a name or a line that is none. */
const isLine = ([name, line]: readonly [string, unknown]): boolean =>
  /^[\w!#$%&'*+.^`|~-]+$/.test(name) && typeof line === 'string' && !/[\0\r\n]/.test(line)
