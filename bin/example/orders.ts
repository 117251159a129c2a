import type { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs'
import { Construct } from 'constructs'
import { IdempotentQueue, type IIdempotencyTable } from 'lambda-once/cdk'
import { businessTable } from './business-table.ts'
import { idempotentFunction, readFunction } from './functions.ts'
import type { Stage } from './stage.ts'

/** The orders queue, its worker, the table of orders, and the function that lists them. */
export class Orders extends Construct {
  readonly queue: IdempotentQueue
  readonly list: NodejsFunction

  constructor(
    scope: Construct,
    id: string,
    { stage, table }: { readonly stage: Stage; readonly table: IIdempotencyTable },
  ) {
    super(scope, id)
    const rows = businessTable(this, 'Rows', stage)
    const environment = { ORDERS_TABLE: rows.tableName }
    const worker = idempotentFunction(this, 'Process', 'process-orders', {
      stage,
      table,
      operation: 'orders',
      environment,
    })
    this.list = readFunction(this, 'List', 'list-orders', { stage, environment })
    rows.grant(worker, 'dynamodb:PutItem')
    rows.grant(this.list, 'dynamodb:Query')
    this.queue = new IdempotentQueue(this, 'Queue', { worker, removalPolicy: stage.removalPolicy })
  }
}
