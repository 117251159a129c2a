import { aboutClaim } from '../core/events.ts'
import type { HeldClaim } from '../core/lifecycle/begin.ts'
import { refusalError } from '../core/lifecycle/refusal.ts'
import type { ClaimRequest, TimedContext } from '../core/lifecycle/request.ts'
import { ranAs } from '../core/lifecycle/run.ts'
import { type SettleResult, settle } from '../core/lifecycle/settle.ts'
import { beginWaiting } from '../core/lifecycle/wait.ts'
import { integerBetween } from '../core/option-rules.ts'
import { endingOfError } from '../core/outcome/outcome-policy.ts'
import { between } from '../core/time.ts'
import { enterClaim } from './context-claim.ts'
import {
  captureResult,
  type Exchange,
  emitUnkeyed,
  endingOfAnswer,
  exchangeOf,
  refuse,
  replay,
  respond,
  respondUnkeyed,
} from './exchange.ts'
import { identify } from './identity.ts'
import { isMiddyTimeout, type MiddyRequest, mayStillRun, remainingOf, watchHandler } from './middy.ts'
import { type HttpOptions, readHttpSettings } from './options.ts'

export interface MiddlewareOptions<TEvent> extends HttpOptions<TEvent> {
  /** What is given to `middy()` under the same name, in milliseconds. Default 5, as there. */
  readonly timeoutEarlyInMillis?: number | undefined
}

export interface IdempotencyMiddleware<TEvent> {
  before(request: MiddyRequest<TEvent>): Promise<void>
  after(request: MiddyRequest<TEvent>): Promise<void>
  onError(request: MiddyRequest<TEvent>): Promise<void>
}

/** How far one request has come; kept beside Middy's request, whose `internal` may be shared between invocations. */
type Stage<TEvent> = {
  /** Gives the context back the claim that it had before; called where the handler has surely ended. */
  readonly leave: () => void
} & (
  | { readonly kind: 'passed' }
  | { readonly kind: 'unkeyed' | 'unprotected'; readonly exchange: Exchange<TEvent> }
  | { readonly kind: 'held'; readonly exchange: Exchange<TEvent>; readonly held: HeldClaim }
)

type Held<TEvent> = Extract<Stage<TEvent>, { kind: 'held' }>

/** How late a timer may fire after Middy set it. */
const TIMER_SLACK = 20

const DEFAULT_EARLY = 5

/**
 * A Middy middleware, for versions 6 and 7. It must be the last `.use`, so that its `after` is the first to see the
 * handler's answer. A replay or a problem skips the `after` hooks of all other middlewares: where those matter (CORS,
 * serializers), use `idempotent`.
 *
 * Middy hands an early-timeout answer to the hooks while the handler still runs, and does not say whether an error came
 * from the handler or from a hook. So a claim is left as it is close to the deadline, and an error abandons, unless it
 * is a `NotDoneError` or a `TerminalError`; a 4xx of `http-errors` abandons too, although the wrapper takes it for an
 * answer. What counts as close is `timeoutEarlyInMillis`: it must be what `middy()` was given under that name, or an
 * early answer ends the claim of a handler that still runs.
 *
 * Throws `OptionError` at once for options that cannot be right.
 */
export const idempotency = <TEvent>(options: MiddlewareOptions<TEvent>): IdempotencyMiddleware<TEvent> => {
  const settings = readHttpSettings('idempotency(options)', options, {
    timeoutEarlyInMillis: { rule: integerBetween(0, 900_000) },
  })
  const { timeoutEarlyInMillis = DEFAULT_EARLY } = options
  const stages = new WeakMap<object, Stage<TEvent>>()

  const takeStage = (request: object): Stage<TEvent> | undefined => {
    const stage = stages.get(request)
    stages.delete(request)
    return stage
  }

  /** Middy's timer does not follow a host's clock that steps back, but the context does. */
  const isCloseToEnd = (context: object, { request }: HeldClaim): boolean =>
    remainingOf(context) - between(settings.core.runtime.now(), request.now()) <= timeoutEarlyInMillis + TIMER_SLACK

  const isCutShort = (request: MiddyRequest<TEvent>, held: HeldClaim, awaited?: unknown): boolean =>
    mayStillRun(request, awaited) || isCloseToEnd(request.context, held)

  /**
   * The claim stays as it is until its lease ends, and the context keeps it: whatever this is the end of, it may not be
   * the handler's, whose downstream still has to be called under the keys of this claim.
   */
  const leaveToLease = ({ held }: Held<TEvent>): SettleResult => {
    held.heartbeat.endRenewals()
    settings.core.emit(() => ({ type: 'unstored', ...aboutClaim(held.claim) }))
    return { kind: 'unstored' }
  }

  /** A `statusCode` does not count: the error may come from a hook after the handler. */
  const endThrown = async (
    stage: Stage<TEvent>,
    request: MiddyRequest<TEvent>,
    error: unknown,
    awaited?: unknown,
  ): Promise<void> => {
    const isCut = stage.kind === 'held' && (isMiddyTimeout(error) || isCutShort(request, stage.held, awaited))
    if (!isCut) stage.leave()
    if (stage.kind !== 'held') return
    if (isCut) leaveToLease(stage)
    else await settle(settings.core, stage.held, endingOfError(error))
  }

  const beforeKeyed = async (
    request: MiddyRequest<TEvent>,
    exchange: Exchange<TEvent>,
    claimRequest: ClaimRequest,
  ): Promise<void> => {
    const { context } = request
    // An early answer of a later middleware ends the request without a call of these hooks.
    const isDropped = (): boolean => 'earlyResponse' in request
    const begun = await beginWaiting(settings.core, { ...claimRequest, isDropped })
    switch (begun.kind) {
      case 'run': {
        const { held } = begun
        watchHandler(request)
        stages.set(request, { kind: 'held', exchange, held, leave: enterClaim(context, held.forHandler) })
        return
      }
      case 'unprotected':
        stages.set(request, { kind: 'unprotected', exchange, leave: enterClaim(context, undefined) })
        return
      case 'replay':
        request.earlyResponse = await replay(exchange, begun.record)
        return
      default:
        request.earlyResponse = await refuse(exchange, refusalError(begun))
    }
  }

  return {
    before: async (request) => {
      const { event, context } = request
      const identified = await identify(settings, event, context as TimedContext)
      if (identified.kind === 'pass') {
        stages.set(request, { kind: 'passed', leave: enterClaim(context, undefined) })
        return
      }
      const exchange = exchangeOf(settings, event, identified.request)
      switch (identified.kind) {
        case 'refused':
          request.earlyResponse = await refuse(exchange, identified.error)
          return
        case 'denied':
          throw identified.error // for the `onError` hooks of the chain
        case 'unkeyed':
          emitUnkeyed(exchange)
          stages.set(request, { kind: 'unkeyed', exchange, leave: enterClaim(context, undefined) })
          return
        case 'keyed':
          await beforeKeyed(request, exchange, identified.claimRequest)
      }
    },

    after: async (request) => {
      const stage = takeStage(request)
      if (stage === undefined) return
      const { response } = request // Middy 7 awaits native promises of its own realm only
      try {
        request.response = await response
      } catch (error) {
        await endThrown(stage, request, error, response)
        throw error
      }
      const isCut = stage.kind === 'held' && isCutShort(request, stage.held, response)
      if (!isCut) stage.leave()
      if (stage.kind === 'passed') return
      const { exchange } = stage
      const captured = captureResult(exchange, request.response)
      switch (stage.kind) {
        case 'unkeyed':
          request.response = respondUnkeyed(exchange, captured)
          return
        case 'unprotected':
          request.response = await respond(exchange, { kind: 'answered', value: captured, standing: 'unprotected' })
          return
        case 'held': {
          const settled = isCut
            ? leaveToLease(stage)
            : await settle(settings.core, stage.held, endingOfAnswer(exchange, captured))
          request.response = await respond(exchange, ranAs(settings.core, stage.held, captured, settled))
        }
      }
    },

    onError: async (request) => {
      const stage = takeStage(request)
      if (stage !== undefined) await endThrown(stage, request, request.error)
    },
  }
}
