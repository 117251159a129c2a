/** `unmarked`: the answer has no `Idempotency-Status` that the script may read. */
export type ResultStatus = (typeof STATUSES)[number] | 'unmarked'

const STATUSES = ['created', 'replayed', 'released', 'abandoned', 'unstored', 'unprotected', 'none'] as const

/** An answer that was read to its end. */
export interface Answer {
  readonly response: Response
  readonly status: ResultStatus
  readonly problem: Problem
  readonly cause?: never
}

/** What an answer that the layer made says about the key. */
export interface Problem {
  readonly code?: string
  readonly retryable?: boolean
  readonly key?: string
}

/** Reads a copy of the body, so an answer that breaks off is no answer, and the caller reads from memory. */
export const readAnswer = async (response: Response): Promise<Answer> => {
  const text = await response.clone().text()
  const status = statusOf(response.headers)
  return { response, status, problem: status === 'unmarked' ? problemOf(response, text) : {} }
}

/** Stripe marks replays only, with `Idempotent-Replayed`. */
const statusOf = (headers: Headers): ResultStatus =>
  STATUSES.find((status) => status === headers.get('idempotency-status')) ??
  (headers.has('idempotent-replayed') ? 'replayed' : 'unmarked')

/**
 * What else is known of refusals: draft-ietf-httpapi-idempotency-key-header-07, section 2.7, has problems without a code
 * (409 and 422), and Stripe has errors with a type (https://docs.stripe.com/api/errors) and any 409.
 */
const problemOf = ({ status, headers }: Response, text: string): Problem => {
  const type = headers.get('content-type') ?? ''
  const fields = type.includes('json') ? fieldsOf(text) : {}
  const isProblem = type.includes('problem')
  if (isProblem && typeof fields.retryable === 'boolean') return fields
  const isOfDraft = isProblem && /idempotency/i.test(`${fields.type} ${fields.title}`)
  const isOfStripe = status === 400 && fields.error?.type === 'idempotency_error'
  if (isOfStripe || (isOfDraft && status === 422)) return { code: 'key-reused', retryable: false, key: 'rotate' }
  return status === 409 && (isOfDraft || !isProblem) ? { retryable: true } : {}
}

interface Fields extends Problem {
  readonly type?: unknown
  readonly title?: unknown
  readonly error?: { readonly type?: unknown }
}

const fieldsOf = (text: string): Fields => {
  try {
    return Object(JSON.parse(text)) as Fields
  } catch {
    return {}
  }
}
