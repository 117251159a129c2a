/** Checked by the compiler alone: what a user may write, and what is refused before anything runs. */
import middy from '@middy/core'
import type {
  ALBEvent,
  ALBResult,
  APIGatewayProxyEvent,
  APIGatewayProxyEventV2,
  APIGatewayProxyEventV2WithLambdaAuthorizer,
  APIGatewayProxyResult,
  APIGatewayProxyStructuredResultV2,
  Context,
  Handler,
} from 'aws-lambda'
import { reconcile } from 'lambda-once/effects'
import {
  type AnswerPolicy,
  abandon,
  allowOrigins,
  claimOf,
  graphql,
  type HandlerClaim,
  type HttpResponse,
  idempotency,
  idempotent,
  type MiddyOptions,
  release,
  storeDeterministic,
  storeEverything,
  storeSuccess,
} from 'lambda-once/http'
import { memoryStore } from 'lambda-once/memory'
import { powertoolsKey, powertoolsTable } from 'lambda-once/migrate'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const assert = <T extends true>(_: T): void => {}

type Authorized = APIGatewayProxyEventV2WithLambdaAuthorizer<{ merchantId: string }>

const store = memoryStore()

// An earlier table gets the event of the handler.
idempotent(async (_event: Authorized, _context: Context) => ({ statusCode: 201 }), {
  store,
  operation: 'payments',
  tenant: (event) => event.requestContext.authorizer.lambda.merchantId,
  predecessor: powertoolsTable({
    tableName: 'powertools',
    keyOf: (event: Authorized) => powertoolsKey('payments-prod', event.rawPath),
  }),
})
idempotent(async (_event: Authorized, _context: Context) => ({ statusCode: 201 }), {
  store,
  operation: 'payments',
  tenant: 'single-tenant',
  // @ts-expect-error a policy for abandoned records is no earlier table
  predecessor: reconcile(() => ({ rerun: true })),
})

// The wrapper infers the event from the handler, and gives it to every option.
const wrapped = idempotent(
  async (event: Authorized, _context: Context, claim): Promise<APIGatewayProxyStructuredResultV2> => {
    assert<Equal<typeof claim, HandlerClaim | undefined>>(true)
    return { statusCode: 201, body: event.rawPath }
  },
  {
    store,
    operation: 'payments',
    tenant: (event) => {
      assert<Equal<typeof event, Authorized>>(true)
      return event.requestContext.authorizer.lambda.merchantId
    },
    payload: (event) => event.body,
    outcomes: storeDeterministic,
    problem: ({ status, body }, event) => ({ statusCode: status, body: `${body.code} ${event.rawPath}` }),
  },
)
assert<
  Equal<
    typeof wrapped,
    (event: Authorized, context: Context) => Promise<APIGatewayProxyStructuredResultV2 | HttpResponse>
  >
>(true)

// It is a Lambda handler, for each kind of event.
export const http: Handler<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2> = idempotent(
  async (_event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> => ({ statusCode: 201 }),
  { store, operation: 'payments', tenant: 'single-tenant' },
)
export const rest: Handler<APIGatewayProxyEvent, APIGatewayProxyResult> = idempotent(
  async (_event: APIGatewayProxyEvent): Promise<APIGatewayProxyResult> => ({ statusCode: 201, body: '' }),
  { store, operation: 'payments', tenant: (event) => event.requestContext.authorizer?.merchantId },
)
export const alb: Handler<ALBEvent, ALBResult> = idempotent(
  async (_event: ALBEvent): Promise<ALBResult> => ({ statusCode: 201 }),
  { store, operation: 'payments', tenant: 'single-tenant' },
)

// The tenant may be looked up, and refuse the client; a key may be a number.
idempotent(async (_event: Authorized) => ({ statusCode: 201 }), {
  store,
  operation: 'payments',
  tenant: async (event) => (event.rawPath === '/' ? new Error('refused') : event.requestContext.accountId),
  key: (event) => event.requestContext.timeEpoch,
  cors: allowOrigins({ origins: ['https://shop.example'] }),
})
// @ts-expect-error a tenant is a text
idempotency({ store, operation: 'payments', tenant: () => 7 })
// @ts-expect-error neither a key nor a tenant is a switch
idempotency({ store, operation: 'payments', tenant: 'single-tenant', key: () => true })
// @ts-expect-error which origins has to be said
idempotency({ store, operation: 'payments', tenant: 'single-tenant', cors: true })
// @ts-expect-error allowOrigins makes the value
idempotency({ store, operation: 'payments', tenant: 'single-tenant', cors: { origins: ['https://shop.example'] } })

// What Middy gives its base handler comes after the claim.
idempotent(
  async (_event: Authorized, _context: Context, _claim, given) => {
    assert<Equal<typeof given, MiddyOptions | undefined>>(true)
    return { statusCode: 201 }
  },
  { store, operation: 'payments', tenant: 'single-tenant' },
)

// As the base handler of a Middy chain.
export const chained: Handler = middy<APIGatewayProxyEventV2>().handler(
  idempotent(async (event: APIGatewayProxyEventV2) => ({ statusCode: 201, body: event.rawPath }), {
    store,
    operation: 'payments',
    tenant: 'single-tenant',
  }),
)

// The middleware form takes the event's type, and fits into a chain of it.
export const hooked: Handler = middy<Authorized>()
  .use(
    idempotency<Authorized>({
      store,
      operation: 'payments',
      tenant: (event) => event.requestContext.authorizer.lambda.merchantId,
      timeoutEarlyInMillis: 50,
    }),
  )
  .handler(async (_event, context) => {
    const claim = claimOf(context)
    assert<Equal<typeof claim, HandlerClaim | undefined>>(true)
    return { statusCode: 201, body: claim?.downstreamKey('charge') ?? '' }
  })

// An annotated option tells it the event as well.
const inferred = idempotency({
  store,
  operation: 'payments',
  tenant: (event: Authorized) => event.requestContext.authorizer.lambda.merchantId,
  docsUrl: process.env.DOCS_URL, // optional members take undefined, as from the environment
})
assert<Equal<Parameters<typeof inferred.before>[0]['event'], Authorized>>(true)
export const hookedToo: Handler = middy<Authorized>()
  .use(inferred)
  .handler(async () => ({ statusCode: 201 }))

// Scope is never optional.
// @ts-expect-error the tenant is missing
idempotency({ store, operation: 'payments' })
// @ts-expect-error a tenant is a function, or the literal
idempotency({ store, operation: 'payments', tenant: 'acme' })
// @ts-expect-error the operation is missing
idempotency({ store, tenant: 'single-tenant' })
// @ts-expect-error a word, not a boolean
idempotency({ store, operation: 'payments', tenant: 'single-tenant', missingKey: true })
// @ts-expect-error GET is safe to repeat, and passes through
idempotency({ store, operation: 'payments', tenant: 'single-tenant', methods: ['GET'] })

// A header of another name needs its profile: a name alone may be a profile that is spelled wrong.
idempotency({ store, operation: 'payments', tenant: 'single-tenant', key: { header: 'X-Key', profile: 'strict' } })
// @ts-expect-error no profile
idempotency({ store, operation: 'payments', tenant: 'single-tenant', key: { header: 'X-Key' } })

// A policy sees the whole answer; the presets may be called with it, or with a status alone.
export const policies: readonly AnswerPolicy[] = [
  graphql,
  (answer) => {
    assert<Equal<typeof answer.body, unknown>>(true)
    assert<Equal<(typeof answer.headers)[string], string | undefined>>(true)
    return answer.headers['x-mode'] === 'dry-run' ? 'release' : storeDeterministic(answer)
  },
  ({ statusCode }) => storeSuccess({ statusCode }),
  ({ statusCode }) => storeEverything({ statusCode }),
]

// A mark leaves the answer's type as it is.
const marked = release({ statusCode: 200, body: '' })
assert<Equal<typeof marked, { statusCode: number; body: string }>>(true)
// @ts-expect-error a text cannot be marked
abandon('busy')
