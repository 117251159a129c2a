/** Express through serverless-http: the wrapper goes around the adapter. */
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda'
import express, { type Request } from 'express'
import { dynamoDbStore } from 'lambda-once/dynamodb'
import { claimOf, idempotent } from 'lambda-once/http'
import serverless from 'serverless-http'
import { charge } from './payments.ts'

interface LambdaRequest extends Request {
  /** What serverless-http hands on by the option `request` below. */
  lambdaContext: Context
}

const app = express()
app.use(express.json())

app.post('/payments', async (request, response) => {
  const { amount } = request.body as { readonly amount: number }
  if (amount <= 0) {
    response.status(400).json({ error: 'amount must be positive' })
    return
  }
  const claim = claimOf((request as LambdaRequest).lambdaContext)
  response.status(201).json(await charge(amount, claim?.downstreamKey('charge')))
})

const adapter = serverless(app, {
  request: (request: LambdaRequest, _event: unknown, context: Context) => {
    request.lambdaContext = context
  },
})

export const handler = idempotent((event: APIGatewayProxyEventV2, context: Context) => adapter(event, context), {
  store: dynamoDbStore({ tableName: process.env.IDEMPOTENCY_TABLE }),
  operation: 'payments',
  tenant: 'single-tenant',
})
