import { StoreUnavailableError } from '../core/errors.ts'
import { aboutClaim, type IdempotencyEvent, storeFailed } from '../core/events.ts'
import type { BeginResult, Decide } from '../core/lifecycle/begin-result.ts'
import { deferred, giveUp } from '../core/lifecycle/give-up.ts'
import { type HeldClaim, hasLapsed, heldClaim } from '../core/lifecycle/held-claim.ts'
import type { AbandonedPolicy, Question, Reconcile } from '../core/lifecycle/reconciliation.ts'
import { onLost, settleAs, settlementOf } from '../core/lifecycle/settle.ts'
import { start } from '../core/lifecycle/start.ts'
import { notSettled, storeAnswer } from '../core/lifecycle/store-answer.ts'
import { timeToAsk } from '../core/lifecycle/time-to-ask.ts'
import {
  DEFAULT_RECONCILE_SECONDS,
  FIRST_RECONCILE_PAUSE_SECONDS,
  MAX_RECONCILE_PAUSE_SECONDS,
  MAX_RECONCILE_SECONDS,
} from '../core/limits.ts'
import { checkOptions, integerBetween, OptionError } from '../core/option-rules.ts'
import type { ClaimEnding } from '../core/outcome/outcome-policy.ts'
import { type Claim, nextGeneration } from '../core/record/claim.ts'
import { retryAfterSeconds } from '../core/record/judge.ts'
import type { InProgressRecord } from '../core/record/record.ts'
import type { NextGenerationAnswer, Settlement } from '../core/record/store.ts'
import type { Settings } from '../core/settings.ts'
import { fromSeconds, later } from '../core/time.ts'
import { nextGenerationAt } from '../dynamodb/effects/next-generation.ts'
import { abandonedClaim, answerOf, type Heard } from './question.ts'
import { tryTwice } from './try-twice.ts'

const JITTER = 0.2

const GENERATION_BUDGET = fromSeconds(1)

/**
 * Asks the downstream about an abandoned record before anything runs again. One request asks at a time, after it has
 * taken the record over. `ask` gets the event (in SQS the message, in `once` the request) and what is known of the
 * record.
 *
 * Answer `{ done: answer }` if the effect happened, `{ rerun: true }` while the downstream still knows the keys of the
 * earlier attempts, `{ notDone: true }` only if the effect can no longer happen, such as after you cancelled it, and
 * `{ unknown: true }` otherwise: the caller gets `outcome-pending` (409) with `Retry-After`.
 *
 * @param options.withinSeconds how long `ask` may take: 1 to 60. Default 10.
 *
 * @example
 * abandoned: reconcile(async (event, claim) => {
 *   const charge = await provider.findByKey(claim.downstreamKey('charge'), { signal: claim.signal })
 *   return charge ? { done: created(charge) } : { rerun: true }
 * })
 */
export const reconcile = <TSubject>(
  ask: Reconcile<TSubject>,
  options: { readonly withinSeconds?: number | undefined } = {},
): AbandonedPolicy<TSubject> => {
  const where = 'reconcile(ask, options)'
  if (typeof ask !== 'function') throw new OptionError(where, 'ask', 'must be a function')
  checkOptions(where, options, { withinSeconds: { rule: integerBetween(1, MAX_RECONCILE_SECONDS) } })
  const within = fromSeconds(options.withinSeconds ?? DEFAULT_RECONCILE_SECONDS)
  return Object.freeze({
    decider:
      (question: Question<TSubject>): Decide =>
      async (settings, held, seen) => {
        if (seen === undefined) return start(settings, held)
        const asking: Asking = { settings, held, seen, endingOf: question.endingOf }
        const span = timeToAsk(held, within)
        if (span <= 0) return defer(asking, 1)
        settings.runtime.probe?.('before-reconcile')
        const answer = await answerOf(settings, span, (signal) =>
          ask(question.subject, abandonedClaim(held, seen, signal)),
        )
        settings.runtime.probe?.('after-reconcile')
        // Without a live lease the handler would run at the same time as the next claim's.
        return hasLapsed(held) && answer !== 'unanswered' ? lapsed(asking) : follow(asking, answer)
      },
  })
}

interface Asking {
  readonly settings: Settings
  readonly held: HeldClaim
  /** The record that was taken over. */
  readonly seen: InProgressRecord
  readonly endingOf: (done: unknown) => ClaimEnding
}

const lapsed = async ({ settings, held }: Asking): Promise<BeginResult> => {
  held.heartbeat.stop()
  const error = new StoreUnavailableError('The lease ended before the reconcile function answered')
  settings.emit(() => storeFailed(held.claim.recordKey, 'claim', error))
  await giveUp(settings, held.claim)
  return { kind: 'unavailable', error }
}

const follow = async (asking: Asking, answer: Heard): Promise<BeginResult> => {
  const { settings, held } = asking
  if (answer === 'unanswered') return leave(asking)
  if ('done' in answer) return complete(asking, answer.done)
  if ('unknown' in answer) return defer(asking, answer.retryAfterSeconds)
  if ('notDone' in answer) return beginGeneration(asking)
  settings.emit(() => reconciled(held.claim, 'rerun'))
  return start(settings, held)
}

const reconciled = (
  claim: Claim,
  decision: Extract<IdempotencyEvent, { type: 'reconciled' }>['decision'],
  retryAfter?: number,
): IdempotencyEvent => ({
  type: 'reconciled',
  ...aboutClaim(claim),
  decision,
  ...(retryAfter === undefined ? {} : { retryAfterSeconds: retryAfter }),
})

/** The question may still be running, so the claim stays until its lease ends. */
const leave = ({ settings, held }: Asking): BeginResult => {
  held.heartbeat.endRenewals()
  held.heartbeat.handlerEnded()
  const wait = retryAfterSeconds(held.heartbeat.leaseExpiresAt(), {
    now: held.request.now(),
    skew: settings.store.skew,
  })
  settings.emit(() => reconciled(held.claim, 'unanswered', wait))
  return { kind: 'pending', retryAfterSeconds: wait }
}

const complete = async (asking: Asking, done: unknown): Promise<BeginResult> => {
  const { settings, held } = asking
  const { claim } = held
  let settlement: Settlement
  try {
    settlement = settlementOf(settings, held, asking.endingOf(done))
  } catch {
    return defer(asking, undefined) // an answer that cannot be read is none
  }
  settings.emit(() => reconciled(claim, 'done'))
  return storeAnswer(settings, held, settlement)
}

const defer = async (
  { settings, held, seen: { lastError } }: Asking,
  asked: number | undefined,
): Promise<BeginResult> => {
  const { runtime, store } = settings
  const wait = asked ?? pauseAfter(held.claim.reconciles ?? 0, runtime.random())
  const now = runtime.now()
  const reconcileAt = later(now, fromSeconds(wait))
  // The store's clock, which judges a retry, may be behind this host's.
  const retryAfter = retryAfterSeconds(reconcileAt, { now, skew: store.skew })
  settings.emit(() => reconciled(held.claim, 'unknown', retryAfter))
  const error = lastError === undefined ? {} : { lastError } // the take-over did not carry it
  const deferral = { ...deferred(held.claim), reconcileAt }
  const settled = await settleAs(settings, held, () => ({ kind: 'abandoned', deferred: deferral, ...error }))
  return settled.kind === 'replay' || settled.kind === 'conflict'
    ? settled
    : { kind: 'pending', retryAfterSeconds: retryAfter }
}

const pauseAfter = (reconciles: number, random: number): number => {
  const pause = Math.min(MAX_RECONCILE_PAUSE_SECONDS, FIRST_RECONCILE_PAUSE_SECONDS * 2 ** reconciles)
  return Math.round(pause * (1 + JITTER * (2 * random - 1)))
}

/**
 * The effect did not happen: the run gets new downstream keys and may release. If the fate of the write is unknown,
 * nothing runs, and the abandon that follows refuses a delayed send.
 */
const beginGeneration = async (asking: Asking): Promise<BeginResult> => {
  const { settings, held } = asking
  const next = nextGeneration(held.claim, settings.runtime.now())
  settings.emit(() => reconciled(held.claim, 'notDone'))
  settings.runtime.probe?.('before-next-generation')
  const answer = await writeGeneration(settings, held, next)
  settings.runtime.probe?.('after-next-generation')
  if (answer === undefined) {
    // It counts as a run: it is not known to which generation its end belongs.
    await settleAs(settings, held, () => ({ kind: 'abandoned' }))
    return { kind: 'unavailable', error: new StoreUnavailableError('The next generation could not be written') }
  }
  if (answer.kind === 'lost') {
    held.heartbeat.stop()
    return notSettled(onLost(settings, held, answer.record))
  }
  if (hasLapsed(held)) return lapsed({ ...asking, held: { ...held, claim: next } })
  return start(settings, heldClaim(settings, { ...held, claim: next }))
}

const writeGeneration = (
  settings: Settings,
  { claim }: HeldClaim,
  { generationAt = claim.createdAt }: Claim,
): Promise<NextGenerationAnswer | undefined> =>
  tryTwice(
    settings,
    claim,
    'nextGeneration',
    () => GENERATION_BUDGET,
    (signal) => settings.store.nextGeneration(claim, nextGenerationAt(generationAt), signal),
  )
