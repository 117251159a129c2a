import { unawaited } from '../unawaited.ts'
import { NotDoneError, TerminalError } from './handler-errors.ts'
import { type Outcome, outcomeOf, type StoredError, unavailable } from './outcome.ts'

/** The three ways to end a claim: store the outcome, state that nothing was done, or leave the effect in doubt. */
export type Decision = 'complete' | 'release' | 'abandon'

/** How a claim is to end, and what it stores. */
export type ClaimEnding =
  | { readonly kind: 'complete'; readonly status: 'SUCCEEDED' | 'FAILED'; readonly outcome: Outcome }
  | {
      readonly kind: 'release'
      readonly lastError?: string
      /** The status of an answer says it, and not the handler. */
      readonly byStatus?: true
    }
  | { readonly kind: 'abandon'; readonly lastError?: string }

/** An answer as a policy sees it. Reading it never throws, and does not change what is answered or stored. */
export interface Answer {
  readonly statusCode: number
  /** Names are in lower case. Several lines of one name are joined by `, `. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /**
   * The parsed body, if it is JSON and its `Content-Type` is a JSON type (`…/json`, `…+json`) or missing. Otherwise
   * text as it is, and a Base64 body as a `Buffer`. `undefined` if there is no body, or if it is a stream. It is parsed
   * when it is first read.
   */
  readonly body: unknown
}

/**
 * The option `outcomes`: decides by an answer how its claim ends. If it throws or returns anything else, {@link
 * storeSuccess} decides.
 */
export type AnswerPolicy = (answer: Answer) => Decision

type Status = Pick<Answer, 'statusCode'>

/** Stores 2xx and 3xx. After a 4xx the client may correct the request. After a 5xx the same request may run again. */
export const storeSuccess = ({ statusCode }: Pick<Answer, 'statusCode'>): Decision => {
  if (statusCode >= 200 && statusCode < 400) return 'complete'
  return statusCode >= 400 && statusCode < 500 ? 'release' : 'abandon'
}

/** Statuses that are about the moment or the caller's credentials, not about the request. */
const PASSING = new Set([401, 403, 407, 408, 425, 429])

/**
 * As {@link storeSuccess}, and also stores each 4xx that would be the same next time: all but 401, 403, 407, 408, 425,
 * 429.
 */
export const storeDeterministic = (answer: Pick<Answer, 'statusCode'>): Decision =>
  answer.statusCode >= 400 && answer.statusCode < 500 && !PASSING.has(answer.statusCode)
    ? 'complete'
    : storeSuccess(answer)

/** Stores every answer, including 5xx, as version 1 of Stripe's API does. An error that is thrown is not an answer. */
export const storeEverything = (_answer: Pick<Answer, 'statusCode'>): Decision => 'complete'

/** The settled status of an answer. SQS and the operator's tools distinguish the two. */
export const statusOf = ({ statusCode }: Status): 'SUCCEEDED' | 'FAILED' =>
  statusCode >= 200 && statusCode < 400 ? 'SUCCEEDED' : 'FAILED'

/** The decision of a policy. A bug in it must not break an answer that already exists. */
export const decide = <T extends Status>(policy: (answer: T) => Decision, answer: T): Decision => {
  try {
    const decision: unknown = policy(answer)
    if (decision === 'complete' || decision === 'release' || decision === 'abandon') return decision
    unawaited(decision)
    complain(`answered ${typeof decision === 'string' ? `"${decision}"` : typeof decision}`)
  } catch {
    complain('threw an error')
  }
  return storeSuccess(answer)
}

const complain = (what: string): void =>
  console.error(`lambda-once: the policy "outcomes" ${what}; it must answer "complete", "release" or "abandon"`)

/**
 * How an error of the handler ends the claim. Only `NotDoneError` and `TerminalError` say more than that the effect is
 * in doubt. A `statusCode` may come from the client of a downstream service, and is about one call of several.
 */
export const endingOfError = (error: unknown): ClaimEnding => {
  if (error instanceof NotDoneError) return { kind: 'release', lastError: error.name }
  if (error instanceof TerminalError) return failed(error)
  return { kind: 'abandon', lastError: errorClass(error) }
}

/**
 * As {@link endingOfError}, but an error that is meant for the request's client counts as an answer with its status.
 */
export const endingOfHttpError = (error: unknown, policy: AnswerPolicy = storeSuccess): ClaimEnding => {
  const ending = endingOfError(error)
  const statusCode = statusForClient(error)
  if (ending.kind !== 'abandon' || statusCode === undefined) return ending
  const decision = decide(policy, { statusCode, headers: {}, body: undefined })
  if (decision === 'release') return { ...ending, kind: decision, byStatus: true }
  if (decision === 'abandon') return ending
  // A value that is not an Error has nothing to store and throw again.
  return error instanceof Error ? failed(error) : ending
}

const failed = (error: Error): ClaimEnding => ({ kind: 'complete', status: 'FAILED', outcome: errorOutcome(error) })

/** The error of a stored outcome: it equals the one that was thrown. */
export const replayedError = ({ message, ...options }: StoredError): TerminalError =>
  new TerminalError(message, options)

/**
 * The status of an error that is meant for the client. `expose: true` says that the client may see the message:
 * http-errors and Middy's own errors set it on a 4xx, while the clients of Stripe, AWS, Twilio, axios, got and undici
 * do not.
 */
export const statusForClient = (error: unknown): number | undefined => {
  try {
    const { expose, statusCode } = error as { expose?: unknown; statusCode?: unknown }
    const isMeant = expose === true && typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500
    return isMeant ? statusCode : undefined
  } catch {
    return undefined // no object, or a getter that throws
  }
}

const errorOutcome = (error: Error): Outcome => {
  try {
    return { kind: 'error', error: storedError(error) }
  } catch {
    return unavailable('not-json') // a getter that throws: the caller gets the handler's error, not the getter's
  }
}

const storedError = (error: Error & { details?: unknown; statusCode?: unknown; expose?: unknown }): StoredError => {
  const { message, statusCode, expose } = error
  return {
    message: typeof message === 'string' ? message : '',
    details: asJsonKeeps(error.details),
    statusCode: typeof statusCode === 'number' && Number.isFinite(statusCode) ? statusCode : undefined,
    expose: typeof expose === 'boolean' ? expose : undefined,
  }
}

/** Bytes too become what `JSON.stringify` makes of them. */
const asJsonKeeps = (details: unknown): unknown => {
  const outcome = outcomeOf({ details })
  return outcome.kind === 'json' ? JSON.parse(outcome.text).details : undefined
}

/** A class name says what went wrong. Anything else in an error may be a customer's data. */
const errorClass = (error: unknown): string => {
  try {
    const name = error instanceof Error ? error.name : undefined
    return typeof name === 'string' && /^[A-Za-z_$][\w$.]{0,99}$/.test(name) ? name : 'Error'
  } catch {
    return 'Error' // a getter that throws
  }
}
