/** Entry points that the example stack lacks: a REST API and a function URL, both for one function. */
import { App, CfnOutput, RemovalPolicy, Stack } from 'aws-cdk-lib'
import { FunctionUrlAuthType } from 'aws-cdk-lib/aws-lambda'
import { IdempotencyTable, IdempotentApi, IdempotentFunction } from 'lambda-once/cdk'
import { sourceOf } from '../../../bin/example/source.ts'

const app = new App()
const stack = new Stack(app, `LambdaOnceDoors-${app.node.tryGetContext('stage')}`)
const table = new IdempotencyTable(stack, 'Idempotency', { removalPolicy: RemovalPolicy.DESTROY })
const answer = new IdempotentFunction(stack, 'Answer', {
  ...sourceOf('../test/e2e/doors/answer'),
  table,
  operation: 'doors',
})
const api = new IdempotentApi(stack, 'Rest', { type: 'rest', routes: { 'POST /doors/{id}': answer } })
new CfnOutput(stack, 'RestUrl', { value: api.url })
new CfnOutput(stack, 'FunctionUrl', { value: answer.addFunctionUrl({ authType: FunctionUrlAuthType.NONE }).url })
app.synth()
