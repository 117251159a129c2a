import { Duration, Fn, type Stack } from 'aws-cdk-lib'
import { Match } from 'aws-cdk-lib/assertions'
import { type ITable, TableV2 } from 'aws-cdk-lib/aws-dynamodb'
import { Architecture, Runtime } from 'aws-cdk-lib/aws-lambda'
import { OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs'
import { bundlingWith } from '../../lib/cdk/function-bundling.ts'
import { FUNCTION_BUNDLING, IdempotencyTable } from '../../lib/cdk/index.ts'
import {
  DEFAULT_RETENTION_SECONDS,
  MAX_RERUN_WITHIN_SECONDS,
  MIN_RERUN_WITHIN_SECONDS,
  MIN_RETENTION_SECONDS,
} from '../../lib/core/limits.ts'
import { actionsOf, statementsByRole } from './policies.ts'
import { idempotentFunction, refusal, synthesized } from './stack.ts'

const FUNCTION = 'AWS::Lambda::Function'

const ofStandingTable = (stack: Stack, account: string, region: string): void => {
  const arn = `arn:aws:dynamodb:${region}:${account}:table/shared`
  const standing = TableV2.fromTableArn(stack, 'Standing', arn) as ITable
  idempotentFunction(stack, { table: IdempotencyTable.fromTable(stack, 'Shared', standing) })
}

test('with minimal props: Node 24 on arm64, bounded, with JSON logs and the name of its table', () => {
  synthesized((stack) => idempotentFunction(stack)).hasResourceProperties(FUNCTION, {
    Runtime: 'nodejs24.x',
    Architectures: ['arm64'],
    Timeout: 10,
    MemorySize: 512,
    LoggingConfig: { LogFormat: 'JSON' },
    Environment: {
      Variables: {
        IDEMPOTENCY_TABLE: { Ref: 'IdempotencyTable48612DF4' },
        NODE_OPTIONS: '--enable-source-maps',
        IDEMPOTENCY_RETENTION_SECONDS: Match.absent(),
        IDEMPOTENCY_RERUN_WITHIN_SECONDS: Match.absent(),
      },
    },
  })
})

test('with its own props, and any prop of NodejsFunction', () => {
  synthesized((stack) =>
    idempotentFunction(stack, {
      retention: Duration.days(7),
      rerunWithin: Duration.hours(23),
      runtime: Runtime.NODEJS_22_X,
      architecture: Architecture.X86_64,
      timeout: Duration.seconds(29),
      memorySize: 1_024,
      environment: { STAGE: 'prod' },
      bundling: { minify: false },
    }),
  ).hasResourceProperties(FUNCTION, {
    Runtime: 'nodejs22.x',
    Architectures: ['x86_64'],
    Timeout: 29,
    MemorySize: 1_024,
    Environment: {
      Variables: {
        STAGE: 'prod',
        IDEMPOTENCY_RETENTION_SECONDS: '604800',
        IDEMPOTENCY_RERUN_WITHIN_SECONDS: '82800',
        IDEMPOTENCY_TABLE: Match.anyValue(),
      },
    },
  })
})

test('a prop that is undefined counts as not given', () => {
  synthesized((stack) =>
    idempotentFunction(stack, { timeout: undefined, runtime: undefined, bundling: { minify: undefined } } as never),
  ).hasResourceProperties(FUNCTION, { Runtime: 'nodejs24.x', Timeout: 10 })
  expect(bundlingWith({ minify: undefined } as never)).toEqual(FUNCTION_BUNDLING)
})

test('a bundle in CommonJS does not begin with an import', () => {
  const { banner, ...rest } = FUNCTION_BUNDLING
  expect(banner).toMatch(/^import /)
  expect(bundlingWith({ format: OutputFormat.CJS })).toEqual({ ...rest, format: OutputFormat.CJS })
  expect(bundlingWith({ format: OutputFormat.CJS, banner: '/* ours */' }).banner).toBe('/* ours */')
})

test('the entry is required: CDK would look for it next to the layer', () => {
  expect(refusal((stack) => idempotentFunction(stack, { entry: undefined } as never))).toBe(
    "entry of Pay is missing; it must be the path of the handler's source file",
  )
})

test.each([
  ['of another account', '222222222222', 'eu-west-1', 'arn:aws:dynamodb:eu-west-1:222222222222:table/shared'],
  ['of the same account', '111111111111', 'eu-west-1', 'shared'],
])('a table %s gets a name under which DynamoDB finds it', (_, account, region, name) => {
  const template = synthesized((stack) => ofStandingTable(stack, account, region), '111111111111')
  template.hasResourceProperties(FUNCTION, { Environment: { Variables: { IDEMPOTENCY_TABLE: name } } })
})

test('if the stack does not know its account, it names the table by its ARN', () => {
  const name = 'arn:aws:dynamodb:eu-west-1:222222222222:table/shared'
  synthesized((stack) => ofStandingTable(stack, '222222222222', 'eu-west-1')).hasResourceProperties(FUNCTION, {
    Environment: { Variables: { IDEMPOTENCY_TABLE: name } },
  })
})

test('if the ARN of the table is known only at deployment, the table is named by it', () => {
  const template = synthesized((stack) => {
    const standing = TableV2.fromTableArn(stack, 'Standing', Fn.importValue('table-arn')) as ITable
    idempotentFunction(stack, { table: IdempotencyTable.fromTable(stack, 'Shared', standing) })
  })
  template.hasResourceProperties(FUNCTION, {
    Environment: { Variables: { IDEMPOTENCY_TABLE: { 'Fn::ImportValue': 'table-arn' } } },
  })
})

test('a table of another Region is refused', () => {
  expect(refusal((stack) => ofStandingTable(stack, '111111111111', 'us-east-1'))).toContain(
    'the table is in us-east-1, and the function in eu-west-1',
  )
})

test('it has permission for the records of its operation only (G3)', () => {
  const [statements] = [...statementsByRole(synthesized((stack) => idempotentFunction(stack))).values()]
  expect(statements?.map(actionsOf)).toEqual([['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem']])
})

test.each([600, MIN_RETENTION_SECONDS - 1])('a retention of %d s is refused', (retention) => {
  const text = refusal((stack) => idempotentFunction(stack, { retention: Duration.seconds(retention) }))
  expect(text).toContain(
    `retention is ${retention} s, and the lease of a timeout of 10 s may need ${MIN_RETENTION_SECONDS} s`,
  )
})

test('the shortest retention covers the longest timeout', () => {
  const retention = Duration.seconds(MIN_RETENTION_SECONDS)
  expect(refusal((stack) => idempotentFunction(stack, { retention, timeout: Duration.seconds(900) }))).toBe('')
})

const DAY = DEFAULT_RETENTION_SECONDS

test.each([
  [DAY, undefined],
  [2 * DAY, 2 * DAY],
  [MIN_RERUN_WITHIN_SECONDS, MIN_RETENTION_SECONDS],
])('I9 a window for reruns of %d s fits a retention of %p s', (rerunWithin, retention) => {
  expect(windowRefusal(rerunWithin, retention)).toBe('')
})

test.each([
  [DAY + 1, undefined, `${DAY} s, which is its default`],
  [2 * DAY + 1, 2 * DAY, `${2 * DAY} s`],
])('I9 a window for reruns of %d s is refused with a retention of %p s', (rerunWithin, retention, shown) => {
  expect(windowRefusal(rerunWithin, retention)).toContain(
    `rerunWithin is ${rerunWithin} s, and retention is ${shown}: retention must be at least as long`,
  )
})

test.each([0, MIN_RERUN_WITHIN_SECONDS - 1, MAX_RERUN_WITHIN_SECONDS + 1])(
  'I9 a window for reruns of %d s is refused by its bounds, as by the handler',
  (rerunWithin) => {
    expect(windowRefusal(rerunWithin, 10 * MAX_RERUN_WITHIN_SECONDS)).toContain(
      `rerunWithin is ${rerunWithin} s; it must be from 60 s to 31536000 s`,
    )
  },
)

const windowRefusal = (rerunWithin: number, retention: number | undefined): string =>
  refusal((stack) =>
    idempotentFunction(stack, {
      rerunWithin: Duration.seconds(rerunWithin),
      ...(retention === undefined ? {} : { retention: Duration.seconds(retention) }),
    }),
  )

test('an invalid operation is refused', () => {
  expect(refusal((stack) => idempotentFunction(stack, { operation: 'pay/ments' }))).toContain(
    'operation is "pay/ments"',
  )
})
