import { type HeldClaim, leaveToLease } from '../core/lifecycle/held-claim.ts'
import { refusalError } from '../core/lifecycle/refusal.ts'
import type { ClaimRequest } from '../core/lifecycle/request.ts'
import { insteadOf, ranAs } from '../core/lifecycle/run.ts'
import { settle } from '../core/lifecycle/settle.ts'
import { beginWaiting } from '../core/lifecycle/wait.ts'
import { DEFAULT_TIMEOUT_EARLY_IN_MILLIS, MAX_TIMEOUT_EARLY_IN_MILLIS } from '../core/limits.ts'
import { integerBetween } from '../core/option-rules.ts'
import { endingOfError } from '../core/outcome/outcome-policy.ts'
import type { HandlerClaim } from '../core/record/handler-claim.ts'
import { between } from '../core/time.ts'
import { enterClaim } from './context-claim.ts'
import {
  captureResult,
  completionFor,
  deciderFor,
  type Exchange,
  emitUnkeyed,
  endingOfAnswer,
  exchangeOf,
  refuse,
  replay,
  respond,
  respondUnclaimed,
  type UnclaimedStatus,
} from './exchange.ts'
import { identify } from './identity.ts'
import { isMiddyTimeout, type MiddyRequest, mayStillRun, remainingOf, watchHandler } from './middy.ts'
import { type HttpOptions, type HttpSettings, readHttpSettings } from './options.ts'
import type { CapturedAnswer } from './response.ts'

export interface MiddlewareOptions<TEvent> extends HttpOptions<TEvent> {
  /**
   * The value that `middy()` was given under the same name: how long before the deadline Middy answers in place of a slow
   * handler. In milliseconds, an integer from 0 to 900,000.
   * @default 5, as in Middy
   */
  readonly timeoutEarlyInMillis?: number | undefined
}

/** The hooks that `middy().use()` takes. */
export interface IdempotencyMiddleware<TEvent> {
  before(request: MiddyRequest<TEvent>): Promise<void>
  after(request: MiddyRequest<TEvent>): Promise<void>
  onError(request: MiddyRequest<TEvent>): Promise<void>
}

/** How far a request has come when its handler starts. */
type Stage<TEvent> =
  | { readonly kind: 'passed' }
  | { readonly kind: 'unclaimed'; readonly exchange: Exchange<TEvent>; readonly status: UnclaimedStatus }
  | HeldStage<TEvent>

interface HeldStage<TEvent> {
  readonly kind: 'held'
  readonly exchange: Exchange<TEvent>
  readonly held: HeldClaim
  /** Whether the handler may still run, although Middy has gone on. `awaited`: the answer that the hook has awaited. */
  readonly mayRun: (awaited: unknown) => boolean
}

/** `leave` gives the context back the claim that it had before. It is called only after the handler has ended. */
type EnteredStage<TEvent> = Stage<TEvent> & { readonly leave: () => void }

/** What the hooks of one middleware share. */
interface Hooks<TEvent> {
  readonly settings: HttpSettings<TEvent>
  /** A handler that ends this close to the deadline may have been cut short by Middy. In milliseconds. */
  readonly closeMillis: number
  /** Not in Middy's `internal`, which several invocations may share. */
  readonly stages: WeakMap<object, EnteredStage<TEvent>>
}

/** How late a timer may fire after Middy set it. */
const TIMER_SLACK_MILLIS = 20

/**
 * A Middy middleware, for versions 6 and 7. It must be the last `.use`, so that its `after` is the first to see the
 * handler's answer. A replay or a problem skips the `after` hooks of all other middlewares. If you need those (CORS,
 * serializers), use `idempotent`.
 *
 * Middy passes an early-timeout answer to the hooks while the handler still runs, and does not say whether an error came
 * from the handler or from a hook. So near the deadline the claim stays in force until its lease ends. An error abandons
 * the claim, unless it is a `NotDoneError` or a `TerminalError`. A 4xx of `http-errors` abandons too, although `idempotent`
 * takes it for an answer.
 *
 * `timeoutEarlyInMillis` must have the value that `middy()` was given. Otherwise an early answer ends the claim of a
 * handler that still runs.
 *
 * Throws `OptionError` at once for options that cannot be right.
 *
 * @example
 * export const handler = middy()
 *   .use(idempotency({ store, operation: 'payments', tenant: (event) => event.requestContext.authorizer.lambda.merchantId }))
 *   .handler(createPayment)
 */
export const idempotency = <TEvent>(options: MiddlewareOptions<TEvent>): IdempotencyMiddleware<TEvent> => {
  const settings = readHttpSettings('idempotency(options)', options, {
    timeoutEarlyInMillis: { rule: integerBetween(0, MAX_TIMEOUT_EARLY_IN_MILLIS) },
  })
  const closeMillis = (options.timeoutEarlyInMillis ?? DEFAULT_TIMEOUT_EARLY_IN_MILLIS) + TIMER_SLACK_MILLIS
  const hooks: Hooks<TEvent> = { settings, closeMillis, stages: new WeakMap() }
  return {
    before: (request) => beforeHook(hooks, request),
    after: (request) => afterHook(hooks, request),
    onError: (request) => onErrorHook(hooks, request),
  }
}

const beforeHook = async <TEvent>(hooks: Hooks<TEvent>, request: MiddyRequest<TEvent>): Promise<void> => {
  const { settings } = hooks
  const { event, context } = request
  const identified = await identify(settings, event, context)
  if (identified.kind === 'pass') return enter(hooks, request, { kind: 'passed' })
  const exchange = exchangeOf(settings, event, identified.request)
  switch (identified.kind) {
    case 'refused':
      request.earlyResponse = await refuse(exchange, identified.error)
      return
    case 'denied':
      throw identified.error // for the `onError` hooks of the chain
    case 'unkeyed':
      emitUnkeyed(exchange)
      return enter(hooks, request, { kind: 'unclaimed', exchange, status: 'none' })
    case 'keyed':
      return claimBefore(hooks, request, exchange, identified.claimRequest)
  }
}

const claimBefore = async <TEvent>(
  hooks: Hooks<TEvent>,
  request: MiddyRequest<TEvent>,
  exchange: Exchange<TEvent>,
  claimRequest: ClaimRequest,
): Promise<void> => {
  // If a later middleware answers early, Middy ends the request without a call of these hooks.
  const isDropped = (): boolean => 'earlyResponse' in request
  const awaited = { ...claimRequest, isDropped, completionOf: completionFor(exchange) }
  const begun = await beginWaiting(hooks.settings.core, awaited, deciderFor(exchange))
  switch (begun.kind) {
    case 'run': {
      const { held } = begun
      watchHandler(request)
      const mayRun = (awaited: unknown): boolean => mayStillRun(request, awaited) || isCloseToEnd(hooks, request, held)
      return enter(hooks, request, { kind: 'held', exchange, held, mayRun }, held.forHandler)
    }
    case 'unprotected':
      return enter(hooks, request, { kind: 'unclaimed', exchange, status: 'unprotected' })
    case 'replay':
      request.earlyResponse = await replay(exchange, begun.record)
      return
    default:
      request.earlyResponse = await refuse(exchange, refusalError(begun))
  }
}

/** The handler is about to run under this claim, or under none. */
const enter = <TEvent>(
  { stages }: Hooks<TEvent>,
  request: MiddyRequest<TEvent>,
  stage: Stage<TEvent>,
  claim?: HandlerClaim,
): void => {
  stages.set(request, { ...stage, leave: enterClaim(request.context, claim) })
}

const afterHook = async <TEvent>(hooks: Hooks<TEvent>, request: MiddyRequest<TEvent>): Promise<void> => {
  const stage = takeStage(hooks, request)
  if (stage === undefined) return
  const { response } = request // Middy 7 awaits native promises of its own realm only
  try {
    request.response = await response
  } catch (error) {
    const answer = await endThrown(stage, error, response)
    if (answer === undefined) throw error
    request.response = answer
    return
  }
  const isCut = leaveUnlessCut(stage, false, response)
  if (stage.kind !== 'passed') request.response = await respondAfter(stage, request.response, isCut)
}

const respondAfter = async <TEvent>(
  stage: Exclude<Stage<TEvent>, { kind: 'passed' }>,
  result: unknown,
  isCut: boolean,
): Promise<unknown> => {
  const { exchange } = stage
  const captured = captureResult(exchange, result)
  if (stage.kind === 'unclaimed') return respondUnclaimed(exchange, captured, stage.status)
  const { core } = exchange.settings
  const settled = isCut
    ? leaveToLease(core, stage.held)
    : await settle(core, stage.held, endingOfAnswer(exchange, captured))
  return respond(exchange, ranAs(core, stage.held, captured, settled))
}

const onErrorHook = async <TEvent>(hooks: Hooks<TEvent>, request: MiddyRequest<TEvent>): Promise<void> => {
  const stage = takeStage(hooks, request)
  if (stage === undefined) return
  const answer = await endThrown(stage, request.error)
  if (answer !== undefined) request.response = answer
}

/** A stage ends once: Middy calls `onError` also when an `after` hook throws. */
const takeStage = <TEvent>({ stages }: Hooks<TEvent>, request: object): EnteredStage<TEvent> | undefined => {
  const stage = stages.get(request)
  stages.delete(request)
  return stage
}

/**
 * Ends a stage whose handler or hook threw. A `statusCode` does not count: the error may come from a hook after the
 * handler. Returns the answer if the layer itself stopped the handler.
 */
const endThrown = async <TEvent>(stage: EnteredStage<TEvent>, error: unknown, awaited?: unknown): Promise<unknown> => {
  const isCut = leaveUnlessCut(stage, isMiddyTimeout(error), awaited)
  if (stage.kind !== 'held') return undefined
  const { core } = stage.exchange.settings
  const settled = isCut ? leaveToLease(core, stage.held) : await settle(core, stage.held, endingOfError(error))
  const ran = insteadOf<CapturedAnswer>(error, settled)
  return ran && respond(stage.exchange, ran)
}

/** Whether the handler of a claim may still run. If not, the context gets back the claim that it had before. */
const leaveUnlessCut = <TEvent>(stage: EnteredStage<TEvent>, isTimeout: boolean, awaited: unknown): boolean => {
  const isCut = stage.kind === 'held' && (isTimeout || stage.mayRun(awaited))
  if (!isCut) stage.leave()
  return isCut
}

/** Middy's timer does not follow a host's clock that steps back, but the context does. */
const isCloseToEnd = <TEvent>(
  { settings, closeMillis }: Hooks<TEvent>,
  { context }: MiddyRequest<TEvent>,
  { request }: HeldClaim,
): boolean => remainingOf(context) - between(settings.core.runtime.now(), request.now()) <= closeMillis
