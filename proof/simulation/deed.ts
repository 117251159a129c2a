import { NotDoneError, TerminalError } from '../../lib/core/outcome/handler-errors.ts'
import { outcomeOf } from '../../lib/core/outcome/outcome.ts'
import { type ClaimEnding, decide, statusOf, storeSuccess } from '../../lib/core/outcome/outcome-policy.ts'

/** How a handler ends. */
export type Deed =
  | 'created'
  | 'refused'
  | 'failed'
  | 'throws'
  | 'notDone'
  | 'terminal'
  | 'clientError'
  | 'downstreamError'
  /** Throws the error with which the layer rejected a step. */
  | 'stopped'

/** What a simulated handler answers. */
export interface Answer {
  readonly statusCode: number
  /** Unique, so that an answer identifies its run. */
  readonly run: number
  /** The number of the order that is written with it, if one is. */
  readonly order?: number
}

export const DEEDS: readonly Deed[] = [
  'refused',
  'failed',
  'throws',
  'notDone',
  'terminal',
  'clientError',
  'downstreamError',
]

/** Deeds that prove that nothing was done. */
export const isNothingDone = (deed: Deed): boolean => deed === 'refused' || deed === 'notDone' || deed === 'clientError'

/** Deeds with an answer or error that is stored. */
export const isOutcome = (deed: Deed): boolean => deed === 'created' || deed === 'terminal'

const STATUS = { created: 201, refused: 422, failed: 503 } as const

/** Returns the answer of a deed, or throws its error. */
export const answerOf = (deed: Deed, run: number): Answer => {
  switch (deed) {
    case 'throws':
    case 'stopped':
      throw new RangeError('connection lost')
    case 'notDone':
      throw new NotDoneError('out of stock')
    case 'terminal':
      throw new TerminalError('declined', { details: run })
    case 'clientError':
      throw Object.assign(new Error('no such account'), { statusCode: 404, expose: true })
    case 'downstreamError': // as Stripe's client throws it, about one of several calls
      throw Object.assign(new Error('no such customer'), { statusCode: 404 })
    default:
      return { statusCode: STATUS[deed], run }
  }
}

/** The default of the HTTP entry. */
export const endingOfAnswer = (answer: Answer): ClaimEnding => {
  const decision = decide(storeSuccess, answer)
  return decision === 'complete'
    ? { kind: 'complete', status: statusOf(answer), outcome: outcomeOf(answer) }
    : decision === 'release'
      ? { kind: decision, byStatus: true }
      : { kind: decision }
}

/** What the downstream has executed is kept whatever its status: the policy is not asked. */
export const endingOfDone = (done: unknown): ClaimEnding => {
  const answer = done as Answer
  return { kind: 'complete', status: statusOf(answer), outcome: outcomeOf(answer) }
}
