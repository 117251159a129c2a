/** What has to compile, and what must not: checked by the type checker, never run. */
import type { SQSClient } from '@aws-sdk/client-sqs'
import type { APIGatewayProxyEventV2, Context, SQSHandler } from 'aws-lambda'
import type { Store } from '../../lib/index.ts'
import { type SqsMessage, sqsHandler } from '../../lib/sqs/index.ts'
import {
  github,
  type HandlerClaim,
  type HmacProvider,
  type HttpResponse,
  type QueuedDelivery,
  queuedWebhook,
  stripe,
  type WebhookDelivery,
  webhook,
  webhookToQueue,
} from '../../lib/webhooks/index.ts'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const holds = <T extends true>(): T | undefined => undefined

interface Paid {
  readonly id: string
  readonly amount: number
}
declare const store: Store
declare const client: SQSClient
declare const event: APIGatewayProxyEventV2
declare const context: Context
const sender = { provider: stripe, secrets: ['whsec_test'], tenant: 'single-tenant' } as const
const common = { store, operation: 'events', ...sender } as const

// The event's type is written once, and is known in the handler and in every function of the delivery.
const handler = webhook<Paid, Context>(
  (delivery, claim, { awsRequestId }) => {
    holds<Equal<typeof delivery, WebhookDelivery<Paid>>>()
    holds<Equal<typeof claim, HandlerClaim | undefined>>()
    holds<Equal<typeof awsRequestId, string>>()
    holds<Equal<(typeof delivery.headers)[string], string | undefined>>()
  },
  {
    ...common,
    tenant: async ({ event: { id } }) => id,
    key: ({ event: { amount } }) => amount,
    payload: ({ id, event: { amount } }) => ({ id, amount }),
    secrets: async ({ pathParameters }) => [pathParameters.customer, process.env.SECRET],
    problem: ({ body }, { headers }) => ({ statusCode: 400, body: `${body.code} ${headers.host}` }),
    duplicateInProgress: 202,
  },
)
holds<Equal<ReturnType<typeof handler>, Promise<HttpResponse>>>()
handler(event, context)

// A variable of the environment may be absent for the type checker: the value is checked when the handler is made.
webhook(() => {}, { ...common, secrets: [process.env.SECRET] })

// Without a type the event is unknown.
webhook(({ event: unknown }) => holds<Equal<typeof unknown, unknown>>(), common)

// @ts-expect-error a tenant is required
webhook(() => {}, { store, operation: 'events', provider: stripe, secrets: [] })
// @ts-expect-error secrets are required
webhook(() => {}, { store, operation: 'events', provider: stripe, tenant: 'single-tenant' })
// @ts-expect-error a provider is no name
webhook(() => {}, { ...common, provider: 'stripe' })
// @ts-expect-error no other status
webhook(() => {}, { ...common, duplicateInProgress: 200 })
// @ts-expect-error without an id, two events cannot be distinguished
webhook(() => {}, { ...common, missingKey: 'pass' })

// A row of your own, and a built-in one with changes.
const changed: HmacProvider = { ...github, name: 'forge', signature: { ...github.signature, header: 'x-forge' } }
webhook(() => {}, { ...common, provider: changed })
// @ts-expect-error where the id is has to be said
webhook(() => {}, { ...common, provider: { name: 'acme', verify: () => true, redeliversForSeconds: 1 } })

// A queue needs no store, and takes AWS's own client.
webhookToQueue<Paid>({ ...sender, queueUrl: 'https://sqs/q.fifo', group: ({ event: { id } }) => id, sqs: client })
// @ts-expect-error there is no record to keep
webhookToQueue({ ...sender, queueUrl: 'https://sqs/q', store })

// The consumer knows the event.
const consumer: SQSHandler = sqsHandler(
  (message) => {
    holds<Equal<typeof message, SqsMessage<QueuedDelivery<Paid>>>>()
  },
  { store, operation: 'events', ...queuedWebhook<Paid>() },
)
holds<Equal<typeof consumer, SQSHandler>>()
