import type { Context, Env, MiddlewareHandler } from 'hono'
import { EffectError } from '../core/errors.ts'
import type { TimedContext } from '../core/lifecycle/request.ts'
import { NotDoneError, TerminalError } from '../core/outcome/handler-errors.ts'
import { asAnswer, bodyAsStored, bytesOf, type FrameworkAnswer } from '../frameworks/answer.ts'
import {
  type CarriedEvent,
  carriedEvent,
  FRAMEWORK_RULES,
  type FrameworkOptions,
  overCarried,
} from '../frameworks/carried.ts'
import { withClaim } from '../http/context-claim.ts'
import { handle } from '../http/handle.ts'
import { readHttpSettings } from '../http/options.ts'

/** The options of {@link idempotency}: those of `idempotent`, whose functions take Hono's context. */
export type HonoOptions<E extends Env = Env> = FrameworkOptions<Context<E>>

/**
 * A Hono middleware. The routes behind it run once per idempotency key, and every retry gets the first answer. Use it
 * once for each group of routes that share their options. `claimOf(c)` is the claim.
 *
 * On Lambda it takes the remaining time from `c.env.lambdaContext`, which `hono/aws-lambda` sets. Elsewhere, as in a
 * container, it takes a lease of 60 s and renews it while the route runs.
 *
 * A route that throws is answered by `app.onError`, and that answer counts by its status. `NotDoneError` releases the key,
 * and `TerminalError` is stored. The answer is read as a whole before it is sent: put routes that stream in front of it.
 *
 * Throws `OptionError` at once for options that cannot be right.
 *
 * @example
 * app.use('/payments/*', idempotency<Env>({ store, operation: 'payments', tenant: (c) => c.get('merchantId') }))
 */
export const idempotency = <E extends Env = Env>(options: HonoOptions<E>): MiddlewareHandler<E> => {
  const settings = readHttpSettings('idempotency(options)', overCarried(options), FRAMEWORK_RULES)
  return async (c, next) => {
    // Nothing of a request that passes is read.
    if (!settings.methods.has(c.req.method)) return next()
    let hasRun = false
    const call = async (): Promise<FrameworkAnswer> => {
      hasRun = true
      await next()
      if (isDeliberate(c.error)) throw c.error
      if (!c.finalized) throw new Error('lambda-once/hono: the route returned no answer')
      return answerOf(c.res)
    }
    try {
      const answer = await handle(settings, await eventOf(c), timedContext(c), (claim) => withClaim(c, claim, call))
      return give(c, asAnswer(answer), hasRun)
    } catch (error) {
      if (error !== c.error) throw error // Hono has already answered its own
    }
  }
}

/** Errors that say how the claim ends. Hono catches them, and answers. */
const isDeliberate = (error: unknown): boolean =>
  error instanceof NotDoneError || error instanceof TerminalError || error instanceof EffectError

const eventOf = async <E extends Env>(c: Context<E>): Promise<CarriedEvent<Context<E>>> => {
  const { method, url, headers, bodyUsed } = c.req.raw
  // The route may read c.req.raw itself. A body that was read through Hono before is kept there.
  const bytes = Buffer.from(await (bodyUsed ? c.req : c.req.raw.clone()).arrayBuffer())
  return carriedEvent(c, method, new URL(url), {
    headers: Object.fromEntries(headers),
    body: bytes.length === 0 ? undefined : bytes.toString('base64'),
    isBase64Encoded: true,
  })
}

const timedContext = (c: Context): TimedContext => {
  const { lambdaContext } = (c.env ?? {}) as { readonly lambdaContext?: TimedContext }
  return lambdaContext ?? {}
}

const answerOf = async (response: Response): Promise<FrameworkAnswer> => {
  const { status, headers } = response
  const cookies = headers.getSetCookie()
  return {
    statusCode: status,
    headers: Object.fromEntries([...headers].filter(([name]) => name !== 'set-cookie')),
    ...(cookies.length > 0 && { cookies }),
    ...bodyAsStored(Buffer.from(await response.arrayBuffer())),
  }
}

/** The statuses that have no body (https://fetch.spec.whatwg.org/#null-body-status). */
const NULL_BODY = new Set([101, 103, 204, 205, 304])

type BodyInit = Buffer<ArrayBuffer> | null

const bodyOf = (answer: FrameworkAnswer): BodyInit =>
  NULL_BODY.has(Number(answer.statusCode)) ? null : (bytesOf(answer) as Buffer<ArrayBuffer>)

const headersOf = ({ headers, cookies = [] }: FrameworkAnswer): Headers => {
  const all = new Headers(headers)
  for (const cookie of cookies) all.append('set-cookie', cookie)
  return all
}

/**
 * Once the route has answered, Hono ignores what a middleware returns, and merges the headers of an answer that is set.
 * Before that, `c.newResponse` adds the headers that middlewares outside have set for this request.
 */
const give = (c: Context, answer: FrameworkAnswer, hasRun: boolean): Response | undefined => {
  const init = { status: Number(answer.statusCode), headers: headersOf(answer) }
  if (!hasRun) return c.newResponse(bodyOf(answer), init as never)
  c.res = undefined
  c.res = new Response(bodyOf(answer), init)
  return undefined
}
