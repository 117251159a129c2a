import { ERRORS, type ErrorCode, type IdempotencyError } from '../core/errors.ts'
import { statusForClient } from '../core/outcome/outcome-policy.ts'
import { inForm, type Recipient } from './answer-form.ts'

/** The body of a problem: RFC 9457, with the members `code`, `retryable` and `key` in addition. */
export interface ProblemBody {
  readonly type: `urn:lambda-once:problem:${ErrorCode}`
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: ErrorCode
  /** Whether the same request may be answered if the client sends it again later. */
  readonly retryable: boolean
  /** Whether a client that tries again keeps its key, or needs a new one. */
  readonly key: 'keep' | 'rotate'
}

/** A refusal of the layer, before it becomes an answer. The option `problem` gets it. */
export interface Problem {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: ProblemBody
}

const PROBLEM_HEADERS = { 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store' }

export const problemOf = (error: IdempotencyError, docsUrl: string | undefined): Problem => {
  const { code } = error
  const { title, retryable, key } = ERRORS[code]
  const { status = ERRORS[code].status } = error
  return {
    status,
    headers: {
      ...PROBLEM_HEADERS,
      ...(error.retryAfterSeconds !== undefined && { 'Retry-After': String(error.retryAfterSeconds) }),
      ...(docsUrl !== undefined && { Link: `<${docsUrl}#${code}>; rel="describedby"` }),
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

export const problemResponse = ({ status, headers, body }: Problem, recipient: Recipient): unknown =>
  inForm({ statusCode: status, body: JSON.stringify(body) }, headers, recipient)

/** An error that is meant for the client, as `http-errors` and Middy make them. */
export interface ClientError {
  readonly message: string
  readonly statusCode: number
  readonly headers?: unknown
}

export const isClientError = (error: unknown): error is ClientError => statusForClient(error) !== undefined

/** A problem without a `type` means what its status means (RFC 9457, section 4.2.1). */
export const clientErrorResponse = ({ statusCode, message, headers }: ClientError, recipient: Recipient): unknown =>
  inForm(
    { statusCode, headers, body: JSON.stringify({ status: statusCode, detail: message }) },
    PROBLEM_HEADERS,
    recipient,
  )

/** The message of a 500 may name tables and roles. It is for the log, not for the client. */
const detailOf = (error: IdempotencyError, status: number): string =>
  status === 500 ? ERRORS[error.code].title : error.message
