import { Duration, RemovalPolicy } from 'aws-cdk-lib'
import { Architecture, LoggingFormat, Runtime } from 'aws-cdk-lib/aws-lambda'
import { NodejsFunction, type NodejsFunctionProps } from 'aws-cdk-lib/aws-lambda-nodejs'
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { Construct } from 'constructs'
import { FUNCTION_BUNDLING, IdempotentFunction, type IIdempotencyTable } from 'lambda-once/cdk'
import { sourceOf } from './source.ts'
import type { Stage } from './stage.ts'

type Environment = Readonly<Record<string, string>>

/** A function whose effect happens once. `name` is its file under `functions`. */
export const idempotentFunction = (
  scope: Construct,
  id: string,
  name: string,
  { stage, environment, ...claims }: IdempotentSetting,
): IdempotentFunction =>
  new IdempotentFunction(scope, id, { ...common(scope, id, name, stage, environment), ...claims })

/** A function that only reads. */
export const readFunction = (
  scope: Construct,
  id: string,
  name: string,
  { stage, environment = {} }: { readonly stage: Stage; readonly environment?: Environment },
): NodejsFunction =>
  new NodejsFunction(scope, id, {
    ...common(scope, id, name, stage, environment),
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
    memorySize: 512,
    loggingFormat: LoggingFormat.JSON,
    bundling: FUNCTION_BUNDLING,
  })

interface IdempotentSetting {
  readonly stage: Stage
  readonly table: IIdempotencyTable
  readonly operation: string
  readonly rerunWithin?: Duration
  readonly environment: Environment
}

/** The stack owns the log group, so it is deleted with the stack and keeps logs for one month. */
const common = (scope: Construct, id: string, name: string, stage: Stage, environment: Environment) =>
  ({
    ...sourceOf(name),
    timeout: Duration.seconds(stage.timeoutSeconds),
    environment: { METRICS: 'emf', ...environment },
    logGroup: new LogGroup(scope, `${id}Log`, {
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    }),
  }) satisfies NodejsFunctionProps
