import { unawaited } from '../unawaited.ts'
import { NotDoneError, TerminalError } from './handler-errors.ts'
import { type Outcome, outcomeOf, type StoredError, unavailable } from './outcome.ts'

/** The three ways to end a claim. */
export type Decision = 'complete' | 'release' | 'abandon'

/** How a claim is to end, with what it leaves behind. */
export type ClaimEnding =
  | { readonly kind: 'complete'; readonly status: 'SUCCEEDED' | 'FAILED'; readonly outcome: Outcome }
  | { readonly kind: 'release'; readonly lastError?: string }
  | { readonly kind: 'abandon'; readonly lastError?: string }

/** An answer as a policy sees it. To read it throws nothing, and changes nothing of what is answered or stored. */
export interface Answer {
  readonly statusCode: number
  /** Names in lower case; the lines of one name are joined by `, `. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /**
   * What a JSON body says, where its `Content-Type` is one of JSON (`…/json`, `…+json`) or missing; other text as it is;
   * what is in Base64 and is no JSON as a `Buffer`. `undefined` where there is no body, or a stream. It is read at the
   * first look.
   */
  readonly body: unknown
}

export type AnswerPolicy = (answer: Answer) => Decision

type Status = Pick<Answer, 'statusCode'>

/** 2xx and 3xx are kept; after a 4xx the client may mend the request; after a 5xx the same request may run again. */
export const storeSuccess = ({ statusCode }: Pick<Answer, 'statusCode'>): Decision => {
  if (statusCode >= 200 && statusCode < 400) return 'complete'
  return statusCode >= 400 && statusCode < 500 ? 'release' : 'abandon'
}

/** Statuses that speak about the moment or the caller's credentials, not about the request. */
const PASSING = new Set([401, 403, 407, 408, 425, 429])

/** As {@link storeSuccess}, and a 4xx that would be the same next time is kept too. */
export const storeDeterministic = (answer: Pick<Answer, 'statusCode'>): Decision =>
  answer.statusCode >= 400 && answer.statusCode < 500 && !PASSING.has(answer.statusCode)
    ? 'complete'
    : storeSuccess(answer)

/** Every answer is kept, a 5xx too, as the first version of Stripe's API does. A throw is not an answer. */
export const storeEverything = (_answer: Pick<Answer, 'statusCode'>): Decision => 'complete'

/** Which of the two settled statuses an answer gets; SQS and the operator's tools tell them apart. */
export const statusOf = ({ statusCode }: Status): 'SUCCEEDED' | 'FAILED' =>
  statusCode >= 200 && statusCode < 400 ? 'SUCCEEDED' : 'FAILED'

/** What a policy of the user's own may not break: an answer that is there already. */
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
 * How a throw ends the claim. Only what the handler throws on purpose says more than that the effect is in doubt: a
 * `statusCode` may come from a downstream's client, and speaks about one call of several.
 */
export const endingOfError = (error: unknown): ClaimEnding => {
  if (error instanceof NotDoneError) return { kind: 'release', lastError: error.name }
  if (error instanceof TerminalError) return failed(error)
  return { kind: 'abandon', lastError: errorClass(error) }
}

/** As {@link endingOfError}; an error that is meant for this request's client counts as an answer with its status. */
export const endingOfHttpError = (error: unknown, policy: AnswerPolicy = storeSuccess): ClaimEnding => {
  const ending = endingOfError(error)
  const statusCode = statusForClient(error)
  if (ending.kind !== 'abandon' || statusCode === undefined) return ending
  const decision = decide(policy, { statusCode, headers: {}, body: undefined })
  if (decision !== 'complete') return { ...ending, kind: decision }
  // What is not an Error has nothing that could be kept and thrown again.
  return error instanceof Error ? failed(error) : ending
}

const failed = (error: Error): ClaimEnding => ({ kind: 'complete', status: 'FAILED', outcome: errorOutcome(error) })

/** The error of a stored outcome, equal to the one that was thrown. */
export const replayedError = ({ message, ...options }: StoredError): TerminalError =>
  new TerminalError(message, options)

/**
 * `expose: true` says that the message may be shown to the client: http-errors and Middy's own errors set it on a 4xx,
 * while the clients of Stripe, AWS, Twilio, axios, got and undici do not.
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
    return unavailable('not-json') // a getter that throws: the handler's error is the one that its caller gets
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

/** Bytes too: as what `JSON.stringify` makes of them. */
const asJsonKeeps = (details: unknown): unknown => {
  const outcome = outcomeOf({ details })
  return outcome.kind === 'json' ? JSON.parse(outcome.text).details : undefined
}

/** A class name says what went wrong without saying about whom; anything else might be the customer's data. */
const errorClass = (error: unknown): string => {
  try {
    const name = error instanceof Error ? error.name : undefined
    return typeof name === 'string' && /^[A-Za-z_$][\w$.]{0,99}$/.test(name) ? name : 'Error'
  } catch {
    return 'Error' // a getter that throws: the handler's error is the one that its caller gets
  }
}
