import type { Transacted } from '../core/lifecycle/effects.ts'
import { openClaim } from '../core/lifecycle/held-claim.ts'
import { MAX_TRANSACT_ITEMS } from '../core/limits.ts'
import type { HandlerClaim } from '../core/record/handler-claim.ts'
import type { TransactItem } from '../core/record/store.ts'
import { createCommitLog } from './commit-log.ts'
import { assertItems } from './transact-items.ts'

const WHERE = 'transact(claim, items, answer)'

/**
 * Writes to your own DynamoDB tables and completes the claim in one transaction: both happen or neither. `answer` is
 * stored as if the handler returned it, and the caller gets it whatever the handler does after that.
 *
 * `refused` says that one of your conditions does not hold. Nothing is written then, and the handler goes on.
 *
 * Rejects with {@link ClaimLostError} if another invocation has taken over, with {@link TransactionUnansweredError} if no
 * send was answered (if one may have been applied, the caller gets the committed answer or 503, whatever the handler
 * makes of it), and with DynamoDB's own error for a request that cannot be right. Throws `TypeError` before anything is
 * sent: without a claim, for no items or more than 99, for an item that is not exactly one action, for the layer's own
 * table, while a step runs, and after a commit.
 *
 * @param items 1 to 99, as `TransactWriteItems` takes them, in the same account and Region as the layer's table.
 * @example
 * const done = await transact(claim, [{ Put: orderRow(order) }, { Update: takeStock(order) }], created(order))
 * return done.kind === 'committed' ? done.answer : soldOut(order)
 */
export const transact = async <T>(
  claim: HandlerClaim | undefined,
  items: readonly TransactItem[],
  answer: T,
): Promise<Transacted<T>> => {
  if (claim === undefined)
    throw new TypeError(`${WHERE}: there is no claim, so nothing would make the transaction happen once`)
  const { settings, held } = openClaim(claim, WHERE)
  assertItems(WHERE, items, MAX_TRANSACT_ITEMS)
  held.effects.commits ??= createCommitLog(settings, held)
  return held.effects.commits.transact(items, answer)
}
