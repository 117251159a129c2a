import { ERRORS, type ErrorCode, type IdempotencyError } from '../core/errors.ts'
import { inForm, type Recipient } from './answer-form.ts'

/** The body of a problem: RFC 9457, with three members of our own. */
export interface ProblemBody {
  readonly type: `urn:lambda-once:problem:${ErrorCode}`
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: ErrorCode
  /** Whether the same request may be answered when it is sent again. */
  readonly retryable: boolean
  /** Whether a client that tries again keeps its key, or takes a new one. */
  readonly key: 'keep' | 'rotate'
}

/** A problem with its headers, before it becomes an answer. */
export interface Problem {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: ProblemBody
}

export const problemOf = (error: IdempotencyError, docsUrl: string | undefined): Problem => {
  const { code } = error
  const { status, title, retryable, key } = ERRORS[code]
  return {
    status,
    headers: {
      'Content-Type': 'application/problem+json',
      'Cache-Control': 'no-store',
      ...(error.retryAfterSeconds === undefined ? {} : { 'Retry-After': String(error.retryAfterSeconds) }),
      ...(docsUrl === undefined ? {} : { Link: `<${docsUrl}#${code}>; rel="describedby"` }),
    },
    body: {
      type: `urn:lambda-once:problem:${code}`,
      title,
      status,
      detail: detailOf(error, status),
      code,
      retryable,
      key,
    },
  }
}

export const problemResponse = ({ status, headers, body }: Problem, to: Recipient): unknown =>
  inForm({ statusCode: status, body: JSON.stringify(body) }, headers, to)

/** What went wrong inside names tables and roles: that is for the log, not for the client. */
const detailOf = (error: IdempotencyError, status: number): string =>
  status === 500 ? ERRORS[error.code].title : error.message
