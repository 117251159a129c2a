import { ClaimLostError, IdempotencyError, TransactionUnansweredError } from '../../lib/core/errors.ts'
import { transact } from '../../lib/effects/transact.ts'
import { type Answer, type Deed, isNothingDone, isOutcome } from './deed.ts'
import type { Actor, Finish } from './handler-end.ts'
import { drawSpan } from './handler-span.ts'
import { callSteps, deedAfter } from './handler-steps.ts'
import type { Transaction } from './history.ts'
import { happening, later, say } from './invocation.ts'
import { itemsOf } from './shop.ts'

interface Meant {
  readonly deed: Deed
  readonly finish: Finish
}

/** The handler calls its steps, if it has any, writes an order with its answer in one transaction, and ends. */
export const actInTransactions = async (actor: Actor, { deed, finish }: Meant): Promise<void> => {
  const { plan } = actor.world.profile
  try {
    if (plan !== undefined) await callSteps(actor, plan.steps, plan.shape)
    await pause(actor)
    if (!isOutcome(deed) && actor.world.random.chance(0.3)) finish(truthful(actor, deed))
    else await order(actor, finish)
  } catch (error) {
    if (error instanceof IdempotencyError) finish('stopped', error)
    else finish(deedAfter(actor, error))
  }
}

const pause = ({ world, invocation }: Actor): Promise<void> =>
  new Promise((resolve) => {
    later(world, invocation, drawSpan(world, invocation), resolve)
  })

const MAX_ORDERS = 3

const order = async (actor: Actor, finish: Finish): Promise<void> => {
  const { world, invocation } = actor
  const { random } = world
  for (let tried = 1; ; tried++) {
    const sold = sell(actor, tried === 1 || random.chance(0.5))
    if (isWilful(actor) && random.chance(0.3))
      later(world, invocation, random.between(0, 300), () => finish(endWithout(actor)))
    const how = await sold
    if (how === 'committed') break
    if (tried === MAX_ORDERS || !random.chance(how === 'refused' ? 0.5 : 0.2)) {
      finish(how === 'refused' && !isWilful(actor) ? 'refused' : endWithout(actor))
      return
    }
    await pause(actor)
  }
  // Whatever a handler does after a commit, its caller gets the committed answer.
  if (isWilful(actor) && random.chance(0.5)) await pause(actor)
  finish(isWilful(actor) ? random.pick(AFTER) : 'created')
}

const isWilful = ({ world: { isCalm, profile, random } }: Actor): boolean =>
  !isCalm && random.chance(profile.trade?.wilful ?? 0)

const AFTER = ['created', 'refused', 'failed', 'throws', 'notDone', 'terminal', 'clientError'] as const

/** After a refusal or a doubt. */
const endWithout = (actor: Actor): Deed => truthful(actor, actor.world.random.pick(AFTER))

/** Only a handler without steps may state that it has done nothing. */
const truthful = ({ run: { steps } }: Actor, deed: Deed): Deed =>
  steps.length > 0 && isNothingDone(deed) ? 'refused' : deed

/** Calls the production `transact`. An error that the handler swallows is `swallowed`. */
const sell = async (actor: Actor, isStocked: boolean): Promise<'committed' | 'refused' | 'swallowed'> => {
  const { world, claim, run, number, invocation } = actor
  const tried: Transaction = { number: ++world.shop.orders, start: happening(world), end: undefined }
  run.transactions.push(tried)
  say(world, invocation, () => `transacts order ${tried.number}${isStocked ? ' from stock' : ''}`)
  const answer: Answer = { statusCode: world.random.pick([201, 201, 409]), run: number, order: tried.number }
  try {
    const { kind } = await transact(claim, itemsOf(tried.number, isStocked), answer)
    await end(actor, tried, kind)
    return kind
  } catch (error) {
    await end(actor, tried, nameOf(error))
    if (!isWilful(actor)) throw error
    return 'swallowed'
  }
}

const end = async ({ world, invocation }: Actor, tried: Transaction, how: NonNullable<Transaction['end']>['how']) => {
  if (!invocation.isAlive) return new Promise<void>(() => {})
  tried.end = { how, record: world.read(), ...happening(world) }
  world.count('transaction', how)
  if (how === 'refused' && world.doubts.some(({ number }) => number === tried.number)) world.count('refused in doubt')
  say(world, invocation, () => `hears that order ${tried.number} is ${how}`)
}

const nameOf = (error: unknown): 'lost' | 'unknown' | 'mistaken' => {
  if (error instanceof ClaimLostError) return 'lost'
  return error instanceof TransactionUnansweredError ? 'unknown' : 'mistaken'
}
