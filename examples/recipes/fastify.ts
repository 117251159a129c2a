/** Fastify through @fastify/aws-lambda: the wrapper goes around the adapter. */
import awsLambdaFastify from '@fastify/aws-lambda'
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda'
import Fastify, { type FastifyRequest } from 'fastify'
import { dynamoDbStore } from 'lambda-once/dynamodb'
import { claimOf, idempotent } from 'lambda-once/http'
import { charge } from './payments.ts'

const app = Fastify()

app.post<{ Body: { readonly amount: number } }>('/payments', async (request, reply) => {
  const { amount } = request.body
  if (amount <= 0) return reply.code(400).send({ error: 'amount must be positive' })
  const claim = claimOf(contextOf(request))
  return reply.code(201).send(await charge(amount, claim?.downstreamKey('charge')))
})

/** The adapter decorates each request with its event and context. */
const contextOf = (request: object): Context =>
  (request as FastifyRequest & { readonly awsLambda: { readonly context: Context } }).awsLambda.context

const adapter = awsLambdaFastify(app, { decorateRequest: true })

export const handler = idempotent((event: APIGatewayProxyEventV2, context: Context) => adapter(event, context), {
  store: dynamoDbStore({ tableName: process.env.IDEMPOTENCY_TABLE }),
  operation: 'payments',
  tenant: 'single-tenant',
})
