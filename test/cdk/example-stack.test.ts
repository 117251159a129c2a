import { type App, Stack, Validations } from 'aws-cdk-lib'
import { Match, Template } from 'aws-cdk-lib/assertions'
import { Queue } from 'aws-cdk-lib/aws-sqs'
import { AwsSolutionsChecks } from 'cdk-nag'
import { ExampleStack } from '../../bin/example/example-stack.ts'
import { readStage } from '../../bin/example/stage.ts'
import { newApp } from './app.ts'
import { actionsOf, type Statement, statementsByRole, tableOf } from './policies.ts'

const example = (context: Readonly<Record<string, unknown>> = {}): Template => {
  const app = newApp(context)
  return Template.fromStack(new ExampleStack(app, 'Example', { stage: readStage(app) }))
}

let template: Template
beforeAll(() => {
  template = example()
})

const RECORDS = 'IdempotencyTable48612DF4'
const CLAIMS = ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem']

/** The permissions of one function's role on the table of records. */
const onRecords = (role: RegExp): readonly Statement[] =>
  [...statementsByRole(template)]
    .filter(([id]) => role.test(id))
    .flatMap(([, statements]) => statements)
    .filter((statement) => tableOf(statement) === RECORDS)

test.each([
  [/^PaymentsCreateServiceRole/, 'payments'],
  [/^PaymentsRefundServiceRole/, 'refunds'],
  [/^OrdersProcessServiceRole/, 'orders'],
])('%s may claim the records of %s, but has no other access to the table (G3)', (role, operation) => {
  expect(onRecords(role)).toEqual([
    {
      Effect: 'Allow',
      Action: CLAIMS,
      Resource: { 'Fn::GetAtt': [RECORDS, 'Arn'] },
      Condition: {
        'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [`${operation}#*`] },
        Null: { 'dynamodb:LeadingKeys': 'false' },
      },
    },
  ])
})

test('no other role may access the table of records (G3)', () => {
  expect(onRecords(/./)).toHaveLength(3)
})

test('no role may scan or delete, and queries are allowed on the business tables only (G3)', () => {
  const statements = [...statementsByRole(template).values()].flat()
  const actions = statements.flatMap((statement) => actionsOf(statement))
  expect(actions.filter((action) => /Scan|DeleteItem|Batch|PartiQL|\*/.test(action))).toEqual([])
  const queried = statements.filter((statement) => actionsOf(statement).includes('dynamodb:Query')).map(tableOf)
  expect(queried).toEqual([expect.stringMatching(/^PaymentsRows/), expect.stringMatching(/^OrdersRows/)])
})

test('there is one table of records, and its logical id stays: under another id, every key would be forgotten', () => {
  const tables = Object.keys(template.findResources('AWS::DynamoDB::GlobalTable'))
  expect(tables.sort()).toEqual(['IdempotencyTable48612DF4', 'OrdersRows63B3CC0A', 'PaymentsRowsE7EFBEF5'])
})

test('the stack has these resources', () => {
  const types: Record<string, number> = {}
  for (const { Type } of Object.values(template.toJSON().Resources as Record<string, { Type: string }>)) {
    types[Type] = (types[Type] ?? 0) + 1
  }
  expect(types).toEqual({
    'AWS::ApiGatewayV2::Api': 1,
    'AWS::ApiGatewayV2::Authorizer': 1,
    'AWS::ApiGatewayV2::Integration': 5,
    'AWS::ApiGatewayV2::Route': 5,
    'AWS::ApiGatewayV2::Stage': 1,
    'AWS::CloudWatch::Alarm': 22,
    'AWS::CloudWatch::Dashboard': 1,
    'AWS::DynamoDB::GlobalTable': 3,
    'AWS::IAM::Policy': 6,
    'AWS::IAM::Role': 7,
    'AWS::Lambda::EventSourceMapping': 1,
    'AWS::Lambda::Function': 7,
    'AWS::Lambda::Permission': 6,
    'AWS::Logs::LogGroup': 8,
    'AWS::SQS::Queue': 2,
    'AWS::SQS::QueuePolicy': 2,
  })
})

test('its outputs are the URLs and the table name', () => {
  expect(Object.keys(template.findOutputs('*')).sort()).toEqual([
    'IdempotencyTableName',
    'OrdersDeadLetterQueueUrl',
    'OrdersQueueUrl',
    'Url',
  ])
})

test('prod keeps its tables and queues; every other stage leaves nothing', () => {
  const prod = example({ stage: 'prod' })
  for (const type of ['AWS::DynamoDB::GlobalTable', 'AWS::SQS::Queue']) {
    prod.allResources(type, { DeletionPolicy: 'Retain' })
    template.allResources(type, { DeletionPolicy: 'Delete' })
  }
  prod.hasResourceProperties('AWS::DynamoDB::GlobalTable', {
    Replicas: [Match.objectLike({ DeletionProtectionEnabled: true })],
    TimeToLiveSpecification: Match.anyValue(),
  })
})

/** The environment of the function that creates payments. */
const paymentEnvironment = (of: Template): Readonly<Record<string, unknown>> => {
  const [found] = Object.entries(of.findResources('AWS::Lambda::Function')).filter(([id]) => /^PaymentsCreate/.test(id))
  return found?.[1].Properties.Environment.Variables
}

test('payments run again within 23 hours, and charge at a provider only if the context names one', () => {
  expect(paymentEnvironment(template)).toMatchObject({ IDEMPOTENCY_RERUN_WITHIN_SECONDS: '82800' })
  expect(paymentEnvironment(template)).not.toHaveProperty('PROVIDER_URL')
  const providerUrl = 'https://provider.example/v1'
  expect(paymentEnvironment(example({ providerUrl }))).toMatchObject({ PROVIDER_URL: providerUrl })
})

test.each([
  [
    { providerUrl: 'provider' },
    'providerUrl is "provider"; it must be a URL with http or https, without a / at its end',
  ],
  [{ providerUrl: 'https://p.example/' }, 'providerUrl is "https://p.example/"; it must be a URL'],
  [{ providerUrl: 'ftp://p.example' }, 'providerUrl is "ftp://p.example"; it must be a URL'],
  [{ providerUrl: '' }, 'providerUrl is ""; it must be a URL'],
  [{ stage: 'Prod' }, 'stage is "Prod"; it must be up to 31 of a-z 0-9 -, and begin with a letter'],
  [{ timeoutSeconds: '31' }, 'timeoutSeconds is "31"; it must be an integer from 1 to 30'],
  [{ timeoutSeconds: 'x' }, 'timeoutSeconds is "x"; it must be an integer from 1 to 30'],
])('the context %j is refused', (context, message) => {
  expect(() => readStage(newApp(context))).toThrow(message)
})

/** Synthesizes with cdk-nag's AWS Solutions rules. Throws if they find something. */
const checked = (fill: (app: App) => void): void => {
  const app = newApp()
  fill(app)
  Validations.of(app).addPlugins(new AwsSolutionsChecks())
  app.synth()
}

test("cdk-nag's AWS Solutions rules find only what is acknowledged", () => {
  checked((app) => new ExampleStack(app, 'Example', { stage: readStage(app) }))
  expect(() => checked((app) => new Queue(new Stack(app, 'Control'), 'Bare'))).toThrow('AwsSolutions-SQS3')
})
