/** The CDK app of `npm run synth`, `npm run deploy` and `npm run destroy`. `-- -c stage=…` selects another stage. */
import { App, Tags, Validations } from 'aws-cdk-lib'
import { AwsSolutionsChecks } from 'cdk-nag'
import { ExampleStack } from './example/example-stack.ts'
import { readStage } from './example/stage.ts'

const app = new App()
const stage = readStage(app)
const stack = new ExampleStack(app, `LambdaOnceExample-${stage.name}`, { stage })
Tags.of(stack).add('stage', stage.name)
Validations.of(app).addPlugins(new AwsSolutionsChecks())
app.synth()
