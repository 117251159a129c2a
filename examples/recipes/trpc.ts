/**
 * tRPC behind API Gateway: the wrapper goes around tRPC's adapter. Send mutations by `httpLink`: `httpBatchLink` puts several
 * calls into one request, which then share one key.
 */
import { initTRPC, TRPCError } from '@trpc/server'
import { awsLambdaRequestHandler, type CreateAWSLambdaContextOptions } from '@trpc/server/adapters/aws-lambda'
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda'
import { dynamoDbStore } from 'lambda-once/dynamodb'
import { claimOf, idempotent } from 'lambda-once/http'
import { z } from 'zod'
import { charge } from './payments.ts'

const createContext = ({ context }: CreateAWSLambdaContextOptions<APIGatewayProxyEventV2>) => ({
  claim: claimOf(context),
})

const t = initTRPC.context<typeof createContext>().create()

const router = t.router({
  pay: t.procedure.input(z.object({ amount: z.number() })).mutation(async ({ input, ctx }) => {
    if (input.amount <= 0) throw new TRPCError({ code: 'BAD_REQUEST', message: 'amount must be positive' })
    return charge(input.amount, ctx.claim?.downstreamKey('charge'))
  }),
})

const adapter = awsLambdaRequestHandler({ router, createContext })

export const handler = idempotent((event: APIGatewayProxyEventV2, context: Context) => adapter(event, context), {
  store: dynamoDbStore({ tableName: process.env.IDEMPOTENCY_TABLE }),
  operation: 'payments',
  tenant: 'single-tenant',
})
