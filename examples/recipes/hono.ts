/** Hono behind API Gateway, a function URL, an ALB or VPC Lattice: the wrapper goes around Hono's adapter. */
import { Hono } from 'hono'
import { handle, type LambdaContext, type LambdaEvent } from 'hono/aws-lambda'
import { dynamoDbStore } from 'lambda-once/dynamodb'
import { claimOf, idempotent } from 'lambda-once/http'
import { charge } from './payments.ts'

const app = new Hono<{ Bindings: { readonly lambdaContext: LambdaContext } }>()

app.post('/payments', async (c) => {
  const { amount } = await c.req.json<{ readonly amount: number }>()
  if (amount <= 0) return c.json({ error: 'amount must be positive' }, 400)
  const claim = claimOf(c.env.lambdaContext)
  return c.json(await charge(amount, claim?.downstreamKey('charge')), 201)
})

const adapter = handle(app)

export const handler = idempotent((event: LambdaEvent, context: LambdaContext) => adapter(event, context), {
  store: dynamoDbStore({ tableName: process.env.IDEMPOTENCY_TABLE }),
  operation: 'payments',
  tenant: 'single-tenant',
})
