import { Duration } from 'aws-cdk-lib'
import { Match } from 'aws-cdk-lib/assertions'
import { Architecture, Runtime } from 'aws-cdk-lib/aws-lambda'
import { MIN_RETENTION_SECONDS } from '../../lib/core/options.ts'
import { actionsOf, statementsByRole } from './policies.ts'
import { idempotentFunction, refusal, synthesized } from './stack.ts'

const FUNCTION = 'AWS::Lambda::Function'

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
      },
    },
  })
})

test('with props of its own, and any of NodejsFunction', () => {
  synthesized((stack) =>
    idempotentFunction(stack, {
      retention: Duration.days(7),
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
      Variables: { STAGE: 'prod', IDEMPOTENCY_RETENTION_SECONDS: '604800', IDEMPOTENCY_TABLE: Match.anyValue() },
    },
  })
})

test('it has leave for the records of its operation, and for nothing else (G3)', () => {
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

test('an operation that the layer would refuse is refused here', () => {
  expect(refusal((stack) => idempotentFunction(stack, { operation: 'pay/ments' }))).toContain(
    'operation is "pay/ments"',
  )
})
