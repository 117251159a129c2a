import { Duration } from 'aws-cdk-lib'
import { HttpLambdaAuthorizer, HttpLambdaResponseType } from 'aws-cdk-lib/aws-apigatewayv2-authorizers'
import { Construct } from 'constructs'
import { IdempotentApi, type IIdempotencyTable } from 'lambda-once/cdk'
import { businessTable } from './business-table.ts'
import { idempotentFunction, readFunction } from './functions.ts'
import type { Stage } from './stage.ts'

/** An hour less than Stripe remembers an idempotency key at least (https://docs.stripe.com/api/idempotent_requests). */
const RERUN_WITHIN = Duration.hours(23)

/** The payments API: the gateway, its functions and their table. */
export class Payments extends Construct {
  readonly api: IdempotentApi

  constructor(
    scope: Construct,
    id: string,
    { stage, table }: { readonly stage: Stage; readonly table: IIdempotencyTable },
  ) {
    super(scope, id)
    const rows = businessTable(this, 'Rows', stage)
    const environment = { PAYMENTS_TABLE: rows.tableName }
    const create = idempotentFunction(this, 'Create', 'create-payment', {
      stage,
      table,
      operation: 'payments',
      rerunWithin: RERUN_WITHIN,
      environment: { ...environment, ...providerEnvironment(stage) },
    })
    const refund = idempotentFunction(this, 'Refund', 'refund-payment', {
      stage,
      table,
      operation: 'refunds',
      environment,
    })
    const get = readFunction(this, 'Get', 'get-payment', { stage, environment })
    const list = readFunction(this, 'List', 'list-payments', { stage, environment })
    rows.grant(create, 'dynamodb:GetItem', 'dynamodb:PutItem')
    rows.grant(refund, 'dynamodb:PutItem', 'dynamodb:UpdateItem')
    rows.grant(get, 'dynamodb:GetItem')
    rows.grant(list, 'dynamodb:Query')

    this.api = new IdempotentApi(this, 'Api', {
      authorizer: merchantAuthorizer(this, stage),
      routes: {
        'POST /payments': create,
        'GET /payments': list,
        'GET /payments/{id}': get,
        'POST /payments/{id}/refunds': refund,
      },
    })
  }
}

const providerEnvironment = ({ providerUrl }: Stage): Readonly<Record<string, string>> =>
  providerUrl === undefined ? {} : { PROVIDER_URL: providerUrl }

/** The gateway answers 401 to a request without the header, and does not call the authorizer. */
const merchantAuthorizer = (scope: Construct, stage: Stage): HttpLambdaAuthorizer =>
  new HttpLambdaAuthorizer('Merchant', readFunction(scope, 'Authorize', 'authorize', { stage }), {
    responseTypes: [HttpLambdaResponseType.SIMPLE],
    identitySource: ['$request.header.x-merchant-id'],
  })
