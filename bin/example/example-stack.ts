import { CfnOutput, Stack, type StackProps, Validations } from 'aws-cdk-lib'
import type { Construct } from 'constructs'
import { IdempotencyAlarms, IdempotencyTable } from 'lambda-once/cdk'
import { Orders } from './orders.ts'
import { Payments } from './payments.ts'
import type { Stage } from './stage.ts'

/** Findings of cdk-nag's AWS Solutions rules, each with the reason why it is accepted. */
const ACKNOWLEDGED = [
  {
    id: 'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]',
    reason: 'It lets a function write its log and nothing else, and CDK gives it to every function.',
  },
]

export interface ExampleStackProps extends StackProps {
  readonly stage: Stage
}

/** The payments API and the orders queue, with one table of records. */
export class ExampleStack extends Stack {
  constructor(scope: Construct, id: string, { stage, ...props }: ExampleStackProps) {
    super(scope, id, props)
    const table = new IdempotencyTable(this, 'Idempotency', { removalPolicy: stage.removalPolicy })
    const { api } = new Payments(this, 'Payments', { stage, table })
    const { queue, list } = new Orders(this, 'Orders', { stage, table })
    api.addRoute('GET /orders', list)
    new IdempotencyAlarms(this, 'Alarms', {
      table,
      operations: ['payments', 'refunds', 'orders'],
      deadLetterQueues: [queue.deadLetterQueue],
    })

    Validations.of(this).acknowledge(...ACKNOWLEDGED)

    new CfnOutput(this, 'Url', { value: api.url })
    new CfnOutput(this, 'OrdersQueueUrl', { value: queue.queue.queueUrl })
    new CfnOutput(this, 'OrdersDeadLetterQueueUrl', { value: queue.deadLetterQueue.queueUrl })
    new CfnOutput(this, 'IdempotencyTableName', { value: table.table.tableName })
  }
}
