/** Checked by the compiler alone: what a plan may be, and which options are refused before anything runs. */
import type { TransactWriteItem } from '@aws-sdk/client-dynamodb'
import type {
  APIGatewayProxyEvent,
  APIGatewayProxyEventV2WithLambdaAuthorizer,
  APIGatewayProxyHandler,
  APIGatewayProxyStructuredResultV2,
  Context,
  Handler,
  SQSHandler,
} from 'aws-lambda'
import { memoryStore } from 'lambda-once/memory'
import { idempotentWrite, onceWrite, type Plan, type RefusalReason, sqsWriteHandler } from 'lambda-once/write'
import { z } from 'zod'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const holds = <T extends true>(): T | undefined => undefined

type Authorized = APIGatewayProxyEventV2WithLambdaAuthorizer<{ merchantId: string }>

const store = memoryStore()
const common = { store, operation: 'orders', tenant: 'single-tenant' } as const
declare const items: TransactWriteItem[]

const plan = (): Plan => ({ items, answer: { statusCode: 201 }, refused: () => ({ statusCode: 409 }) })

// The event's type comes from the plan, and goes to every option. One plan may write, or answer alone.
const written = idempotentWrite(
  async (event: Authorized, context: Context) => {
    holds<Equal<typeof context, Context>>()
    if (event.body === undefined) return { answer: { statusCode: 400 } }
    return {
      items,
      answer: { statusCode: 201 },
      refused: (reasons: readonly (RefusalReason | undefined)[]) => ({ statusCode: 409, body: reasons[0]?.code }),
    }
  },
  {
    ...common,
    tenant: (event) => event.requestContext.authorizer.lambda.merchantId,
    likelyReplay: (event) => event.headers['x-retry'] === '1',
  },
)
written satisfies Handler<Authorized, APIGatewayProxyStructuredResultV2>
idempotentWrite((_: APIGatewayProxyEvent) => plan(), common) satisfies APIGatewayProxyHandler

// The reasons are typed without a word, where the plan is a literal of the argument.
idempotentWrite(
  (_: Authorized): Plan => ({ items, answer: 1, refused: (reasons) => reasons.map((reason) => reason?.item) }),
  common,
)

// @ts-expect-error a one-shot write has no claim
idempotentWrite(plan, { ...common, heartbeat: { leaseSeconds: 30 } })
// @ts-expect-error nothing is written without the store
idempotentWrite(plan, { ...common, storeDown: 'reject' })
// @ts-expect-error the answer is stored with its items
idempotentWrite(plan, { ...common, unstored: 'answer' })
// @ts-expect-error the answer is stored whatever its status
idempotentWrite(plan, { ...common, outcomes: () => 'complete' })
// @ts-expect-error a one-shot write does not wait
idempotentWrite(plan, { ...common, inProgress: { waitSeconds: 5 } })
// @ts-expect-error a one-shot write needs a key
idempotentWrite(plan, { ...common, missingKey: 'pass' })
// @ts-expect-error a write that can be refused says what it answers then
idempotentWrite(() => ({ items, answer: 1 }), common)
// @ts-expect-error a plan has an answer
idempotentWrite(() => ({ items, refused: () => 1 }), common)

const writeOnce = onceWrite({ store, operation: 'orders' })
writeOnce({ key: 'k', tenant: 't', payload: 1 }, plan).then(({ status }) =>
  holds<Equal<typeof status, 'created' | 'replayed' | 'released' | 'abandoned'>>(),
)
// @ts-expect-error the tenant is an option of each request
onceWrite({ store, operation: 'orders', tenant: 'single-tenant' })

// The body's type comes from the validator, in the plan and in the key.
sqsWriteHandler(
  (message) => {
    holds<Equal<typeof message.body, { orderId: string }>>()
    return plan()
  },
  { ...common, key: (order) => order.orderId, parse: z.object({ orderId: z.string() }) },
)
sqsWriteHandler<{ orderId: string }, Context>(plan, { ...common, key: ({ orderId }) => orderId }) satisfies SQSHandler
// @ts-expect-error a one-shot write counts no runs
sqsWriteHandler<{ orderId: string }>(plan, { ...common, key: ({ orderId }) => orderId, maxRuns: 3 })
