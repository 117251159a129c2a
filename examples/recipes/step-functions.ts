/**
 * A task of Step Functions, which may retry it. The state passes its Context object to the function:
 * `"Payload": { "amount": "{% $states.input.amount %}", "context": "{% $states.context %}" }` (JSONata).
 */
import type { Context } from 'aws-lambda'
import { once } from 'lambda-once'
import { dynamoDbStore } from 'lambda-once/dynamodb'
import { type StepFunctionsContext, stepFunctionsKey } from 'lambda-once/sources'
import { charge, type Payment } from './payments.ts'

interface Task {
  readonly amount: number
  readonly context: StepFunctionsContext
}

const payOnce = once({ store: dynamoDbStore({ tableName: process.env.IDEMPOTENCY_TABLE }), operation: 'pay-task' })

export const handler = async ({ amount, context: execution }: Task, context: Context): Promise<Payment> => {
  const request = { key: stepFunctionsKey(execution), tenant: 'single-tenant', payload: { amount }, context }
  const { value } = await payOnce(request, (claim) => charge(amount, claim?.downstreamKey('charge')))
  return value
}
