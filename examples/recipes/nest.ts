/** NestJS on Express through serverless-http: the wrapper goes around the adapter. Needs `experimentalDecorators`. */
import 'reflect-metadata'
import { BadRequestException, Controller, Module, Post, Req } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda'
import { dynamoDbStore } from 'lambda-once/dynamodb'
import { claimOf, idempotent } from 'lambda-once/http'
import serverless from 'serverless-http'
import { charge, type Payment } from './payments.ts'

interface LambdaRequest {
  readonly body: { readonly amount: number }
  /** What serverless-http hands on by the option `request` below. */
  lambdaContext: Context
}

@Controller('payments')
class PaymentsController {
  /** Nest answers a POST with 201. */
  @Post()
  async create(@Req() { body, lambdaContext }: LambdaRequest): Promise<Payment> {
    if (body.amount <= 0) throw new BadRequestException('amount must be positive')
    return charge(body.amount, claimOf(lambdaContext)?.downstreamKey('charge'))
  }
}

@Module({ controllers: [PaymentsController] })
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: ['error'] })
await app.init()

const adapter = serverless(app.getHttpAdapter().getInstance(), {
  request: (request: LambdaRequest, _event: unknown, context: Context) => {
    request.lambdaContext = context
  },
})

export const handler = idempotent((event: APIGatewayProxyEventV2, context: Context) => adapter(event, context), {
  store: dynamoDbStore({ tableName: process.env.IDEMPOTENCY_TABLE }),
  operation: 'payments',
  tenant: 'single-tenant',
})
