import type { HandlerClaim } from '../core/handler-claim.ts'
import type { HeldClaim } from '../core/lifecycle/begin.ts'
import { refusalError } from '../core/lifecycle/refusal.ts'
import type { TimedContext } from '../core/lifecycle/request.ts'
import { ranAs } from '../core/lifecycle/run.ts'
import { settle } from '../core/lifecycle/settle.ts'
import { beginWaiting } from '../core/lifecycle/wait.ts'
import { integerBetween } from '../core/options.ts'
import { endingOfUncertainError } from '../core/outcome-policy.ts'
import { between } from '../core/time.ts'
import { captureResult, type Exchange, endingOfAnswer, refuse, replay, respond, respondUnkeyed } from './exchange.ts'
import { identify } from './identity.ts'
import { type HttpOptions, readHttpSettings } from './options.ts'
import { withStatus } from './response.ts'

export interface MiddlewareOptions<TEvent> extends HttpOptions<TEvent> {
  /** What is given to `middy()` under the same name, in milliseconds. Default 5, as there. */
  readonly timeoutEarlyInMillis?: number
}

/** The part of Middy's request that the hooks look at; Middy itself is not imported. */
export interface MiddyRequest<TEvent> {
  readonly event: TEvent
  readonly context: object
  response: unknown
  error: unknown
  earlyResponse?: unknown
}

export interface IdempotencyMiddleware<TEvent> {
  before(request: MiddyRequest<TEvent>): Promise<void>
  after(request: MiddyRequest<TEvent>): Promise<void>
  onError(request: MiddyRequest<TEvent>): Promise<void>
}

/** How far one request has come; kept beside Middy's request, whose `internal` may be shared between invocations. */
type Stage<TEvent> =
  | { readonly kind: 'unkeyed'; readonly exchange: Exchange<TEvent> }
  | { readonly kind: 'unprotected'; readonly exchange: Exchange<TEvent> }
  | { readonly kind: 'held'; readonly exchange: Exchange<TEvent>; readonly held: HeldClaim }

const claims = new WeakMap<object, HandlerClaim>()

/** The claim under which the handler runs; `undefined` where it runs without one. */
export const claimOf = (context: object): HandlerClaim | undefined => claims.get(context)

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
 * is a `NotDoneError` or a `TerminalError`.
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

  const isCutShort = ({ held }: { readonly held: HeldClaim }, error?: unknown): boolean =>
    isMiddyTimeout(error) ||
    (held.deadline !== undefined &&
      between(settings.core.runtime.now(), held.deadline) <= timeoutEarlyInMillis + TIMER_SLACK)

  return {
    before: async (request) => {
      const { event, context } = request
      const identified = identify(settings, event, context as TimedContext)
      if (identified.kind === 'pass') return
      const exchange: Exchange<TEvent> = { settings, event, kind: identified.request.kind }
      if (identified.kind === 'refused') {
        request.earlyResponse = await refuse(exchange, identified.error)
        return
      }
      if (identified.kind === 'unkeyed') {
        settings.core.tell(() => ({ type: 'skipped', operation: settings.core.operation, reason: 'no-key' }))
        stages.set(request, { kind: 'unkeyed', exchange })
        return
      }
      const begun = await beginWaiting(settings.core, identified.claimRequest)
      switch (begun.kind) {
        case 'run':
          claims.set(context, begun.held.forHandler)
          stages.set(request, { kind: 'held', exchange, held: begun.held })
          return
        case 'unprotected':
          stages.set(request, { kind: 'unprotected', exchange })
          return
        case 'replay':
          request.earlyResponse = await replay(exchange, begun.record)
          return
        default:
          request.earlyResponse = await refuse(exchange, refusalError(begun))
      }
    },

    after: async (request) => {
      const stage = takeStage(request)
      if (stage === undefined) return
      const { exchange } = stage
      const captured = captureResult(exchange, request.response)
      if (stage.kind === 'unkeyed') {
        request.response = respondUnkeyed(exchange, captured)
      } else if (stage.kind === 'unprotected') {
        request.response = withStatus(captured.result, 'unprotected', exchange.kind)
      } else if (isCutShort(stage)) {
        stage.held.stopHeartbeat()
        request.response = withStatus(captured.result, 'unstored', exchange.kind)
      } else {
        const settled = await settle(settings.core, stage.held, endingOfAnswer(exchange, captured))
        request.response = await respond(exchange, ranAs(settings.core, stage.held, captured, settled))
      }
    },

    onError: async (request) => {
      const stage = takeStage(request)
      if (stage?.kind !== 'held') return
      if (isCutShort(stage, request.error)) return stage.held.stopHeartbeat()
      await settle(settings.core, stage.held, endingOfUncertainError(request.error))
    },
  }
}

/** Told from an error of the user's own of the same name (`AbortSignal.timeout` makes such) by the package it names. */
const isMiddyTimeout = (error: unknown): boolean =>
  error instanceof Error &&
  error.name === 'TimeoutError' &&
  (error.cause as { package?: unknown } | undefined)?.package === '@middy/core'
