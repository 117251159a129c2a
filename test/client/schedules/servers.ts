import type { Runtime } from '../../../lib/core/runtime.ts'
import { epochMillis, type Millis, millis } from '../../../lib/core/time.ts'
import { abandon, type HandlerClaim, idempotent, NotDoneError } from '../../../lib/http/index.ts'
import type { Store } from '../../../lib/index.ts'
import { memoryStore } from '../../../lib/memory/index.ts'
import { functionAnswer } from '../../../local/gateway/answer.ts'
import { type HttpApiEvent, requestEvent } from '../../../local/gateway/request-event.ts'
import type { Ledger } from './ledger.ts'
import type { Server, World } from './network.ts'

/** A server that does purchases, and what its clients have to know. */
export interface ServerKind {
  readonly name: string
  readonly raw: boolean
  /** What it does that the schedules count. */
  readonly doings: readonly string[]
  readonly start: (world: World, ledger: Ledger) => Server
}

const FUNCTION_SECONDS = 10

/** An invocation whose process has died, or whose deadline has passed, goes no further. */
interface Invocation {
  isOver: boolean
}

const frozen = (): Promise<never> => new Promise(() => {})

const sleeping =
  ({ time }: World, invocation: Invocation): Runtime['sleep'] =>
  async (span, until) => {
    await time.sleep(span, until)
    if (invocation.isOver) await frozen()
  }

const runtimeOf = (world: World, invocation: Invocation): Runtime => ({
  now: () => epochMillis(world.time.now()),
  sleep: sleeping(world, invocation),
  withDeadline: (_, run) => run(new AbortController().signal),
  repeat: () => () => {},
  randomToken: () => String(world.random.next()),
  random: () => world.random.next(),
  enforcesDeadline: () => true,
})

/** Each call takes a while, so calls of several invocations overlap. */
const slow = (store: Store, sleep: (span: Millis) => Promise<void>, { random }: World): Store =>
  new Proxy(store, {
    get: (target, name: keyof Store) => {
      const member = target[name]
      if (typeof member !== 'function' || name === 'outcomeRoom') return member
      return async (...given: unknown[]) => {
        await sleep(millis(random.between(0, 20)))
        const answer = await (member as (...given: unknown[]) => Promise<unknown>)(...given)
        await sleep(millis(random.between(0, 20)))
        return answer
      }
    },
  })

const FAILURES = ['dies', 'throws', 'answers 500', 'releases', 'abandons'] as const

/** The layer over a store in memory, behind an HTTP API. Its handler fails in every way that a handler can. */
const lambdaOnce = (world: World, ledger: Ledger): Server => {
  const { time, random, count, calmAt } = world
  const store = memoryStore({ now: () => epochMillis(time.now()) })

  const pay = async (claim: HandlerClaim | undefined, sleep: Runtime['sleep']): Promise<unknown> => {
    const isCalm = time.now() >= calmAt || random.chance(0.4)
    const ending = isCalm ? 'succeeds' : random.pick(FAILURES)
    const charges = ending === 'succeeds' || (ending !== 'releases' && random.chance(0.5))
    count(`handler ${ending}`)
    await sleep(millis(random.between(0, random.chance(0.9) ? 300 : FUNCTION_SECONDS * 1_100)))
    const id = charges ? ledger.charge(claim?.downstreamKey('charge') ?? 'none') : undefined
    await sleep(millis(random.between(0, 100)))
    if (ending === 'dies') return frozen()
    if (ending === 'throws') throw new Error('provider unreachable')
    if (ending === 'releases') throw new NotDoneError('not yet', { statusCode: 503, expose: true })
    if (ending === 'answers 500') return { statusCode: 500, body: '{}' }
    if (ending === 'abandons') return abandon({ statusCode: 503, body: '{}' })
    return { statusCode: 201, body: JSON.stringify({ id }) }
  }

  return async (request) => {
    const invocation: Invocation = { isOver: false }
    const ends = time.now() + FUNCTION_SECONDS * 1_000
    const runtime = runtimeOf(world, invocation)
    const handler = idempotent((_: HttpApiEvent, __: unknown, claim) => pay(claim, runtime.sleep), {
      store: slow(store, (span) => runtime.sleep(span), world),
      operation: 'payments',
      tenant: 'single-tenant',
      runtime,
    })
    const event = await eventOf(request, time.now())
    const context = { getRemainingTimeInMillis: () => ends - time.now() }
    const deadline = time.sleep(FUNCTION_SECONDS * 1_000).then(() => {
      invocation.isOver = true
      throw new Error('Task timed out')
    })
    const result = await Promise.race([handler(event, context), deadline])
    const { statusCode, headers, body } = functionAnswer(result)
    return new Response(body, { status: statusCode, headers: headers.map(([name, value]) => [name, value]) })
  }
}

const eventOf = async (request: Request, now: number): Promise<HttpApiEvent> => {
  const { method, headers, url } = request
  const { pathname } = new URL(url)
  const body = Buffer.from(await request.arrayBuffer())
  const wire = { method, target: pathname, rawHeaders: [...headers].flat(), body, sourceIp: '127.0.0.1' }
  const match = { route: { routeKey: `${method} ${pathname}`, functionName: 'pay' }, pathParameters: {} }
  return requestEvent(wire, match, { requestId: 'r', now, authorizer: {} })
}

/** A result that a server has stored under a key, or that it is still working on. */
interface Stored {
  readonly payload: string
  answer: (() => Response) | undefined
}

interface Words {
  readonly keyOf: (header: string | null) => string | undefined
  readonly keyInvalid: () => Response
  readonly busy: () => Response
  readonly reused: () => Response
  readonly replayHeaders: Readonly<Record<string, string>>
}

/** A server with keys that is not lambda-once. It stores every result, and dies between the charge and the answer. */
const storing =
  ({ keyOf, keyInvalid, busy, reused, replayHeaders }: Words) =>
  ({ time, random, count, calmAt }: World, ledger: Ledger): Server => {
    const keys = new Map<string, Stored>()
    return async (request) => {
      const payload = await request.text()
      const key = keyOf(request.headers.get('idempotency-key'))
      await time.sleep(random.between(0, 50))
      if (key === undefined) return keyInvalid()
      const known = keys.get(key)
      if (known !== undefined && known.payload !== payload) return reused()
      if (known !== undefined) {
        count(known.answer === undefined ? 'key in use' : 'replay')
        const replay = known.answer?.()
        for (const [name, value] of Object.entries(replayHeaders)) replay?.headers.set(name, value)
        return replay ?? busy()
      }
      if (time.now() < calmAt && random.chance(0.3)) return new Response('{}', { status: random.pick([429, 500, 503]) })
      const stored: Stored = { payload, answer: undefined }
      keys.set(key, stored)
      await time.sleep(random.between(0, 5_000))
      const id = ledger.charge(key)
      stored.answer = () => Response.json({ id }, { status: 201 })
      return stored.answer()
    }
  }

const stripe = storing({
  keyOf: (header) => (header === null || header.startsWith('"') ? undefined : header),
  keyInvalid: () => Response.json({ error: { type: 'invalid_request_error' } }, { status: 400 }),
  // https://docs.stripe.com/error-codes: idempotency_key_in_use
  busy: () => Response.json({ error: { type: 'idempotency_error', code: 'idempotency_key_in_use' } }, { status: 409 }),
  reused: () => Response.json({ error: { type: 'idempotency_error' } }, { status: 400 }),
  replayHeaders: { 'idempotent-replayed': 'true' },
})

const problemOf = (status: number, title: string): Response =>
  new Response(JSON.stringify({ type: 'https://developer.example.com/idempotency', title }), {
    status,
    headers: { 'content-type': 'application/problem+json' },
  })

const draft = storing({
  keyOf: (header) => /^"(.*)"$/.exec(header ?? '')?.[1],
  keyInvalid: () => problemOf(400, 'Idempotency-Key is missing'),
  busy: () => problemOf(409, 'A request is outstanding for this Idempotency-Key'),
  reused: () => problemOf(422, 'Idempotency-Key is already used'),
  replayHeaders: {},
})

const STORING = ['key in use', 'replay']

export const SERVERS: readonly ServerKind[] = [
  {
    name: 'lambda-once',
    raw: false,
    doings: [...FAILURES, 'succeeds'].map((ending) => `handler ${ending}`),
    start: lambdaOnce,
  },
  { name: "a server like Stripe's", raw: true, doings: STORING, start: stripe },
  { name: 'a server as in draft-ietf-httpapi-idempotency-key-header-07', raw: false, doings: STORING, start: draft },
]
