import type { CommittedAnswer } from '../core/lifecycle/request.ts'
import { claimRequestOf, type OnceOptions, type OnceRequest, replayedValue } from '../core/once.ts'
import { checkOptions, isObject } from '../core/option-rules.ts'
import { COMMON_RULES, readSettings } from '../core/options.ts'
import { asReplayed, decodeOutcome, type Outcome, outcomeOf } from '../core/outcome/outcome.ts'
import { runOneShot } from './one-shot.ts'
import type { Plan } from './plan.ts'
import { type ClaimOptions, NO_CLAIM_OPTIONS, refused } from './plan-options.ts'

/** The options of {@link onceWrite}: those of `once`, without the ones that need a claim. */
export type OnceWriteOptions = Omit<OnceOptions, ClaimOptions | 'inProgress'>

export interface OnceWriteResult {
  /** As JSON keeps it, in the first answer too. */
  readonly value: unknown
  /**
   * `created`: written now. `replayed`: written by an earlier call. `released`: nothing was written. `abandoned`: nothing
   * was written, and the key still belongs to an earlier call whose effect is in doubt.
   */
  readonly status: 'created' | 'replayed' | 'released' | 'abandoned'
}

/** Writes what `plan` says once for each key, and returns its answer to every later call. */
export type OnceWrite = (request: OnceRequest, plan: () => Plan | Promise<Plan>) => Promise<OnceWriteResult>

const WHERE = 'onceWrite(options)'

/**
 * Makes a function that writes to your own DynamoDB tables once for each key, in one transaction with the record. See
 * `idempotentWrite` for what `plan` may do. A call throws the errors that `once` throws.
 *
 * @example
 * const writeOnce = onceWrite({ store: dynamoDbStore({ tableName }), operation: 'orders' })
 * const { value } = await writeOnce({ key: order.id, tenant, payload: order }, () => ({
 *   items: [{ Put: rowOf(order) }],
 *   answer: { id: order.id },
 *   refused: () => ({ error: 'exists' }),
 * }))
 */
export const onceWrite = (options: OnceWriteOptions): OnceWrite => {
  checkOptions(WHERE, options, { ...COMMON_RULES, ...NO_CLAIM_OPTIONS, inProgress: refused('does not wait') })
  const settings = readSettings(WHERE, options)
  return async (request, plan) => {
    if (!isObject(request)) throw new TypeError(`${WHERE}(request, plan): request must be an object`)
    if (typeof plan !== 'function') throw new TypeError(`${WHERE}(request, plan): plan must be a function`)
    request.signal?.throwIfAborted()
    const claimRequest = { ...claimRequestOf(settings, request), completionOf }
    const ran = await runOneShot(settings, claimRequest, { plan, toValue: (answer) => completionOf(answer).value })
    if (ran.kind === 'refused') throw ran.error
    if (ran.kind === 'replay') return { value: replayedValue(decodeOutcome(ran.record.outcome)), status: 'replayed' }
    const { value, status } = ran
    return { value, status: status === 'released' || status === 'abandoned' ? status : 'created' }
  }
}

const completionOf = (answer: unknown): CommittedAnswer => {
  const outcome: Outcome = outcomeOf(answer)
  return { status: 'SUCCEEDED', outcome, value: asReplayed(outcome, answer) }
}
