import { Duration, Stack, Token, TokenComparison } from 'aws-cdk-lib'
import type { ITable } from 'aws-cdk-lib/aws-dynamodb'
import { Architecture, LoggingFormat, Runtime } from 'aws-cdk-lib/aws-lambda'
import { NodejsFunction, type NodejsFunctionProps } from 'aws-cdk-lib/aws-lambda-nodejs'
import type { Construct } from 'constructs'
import { defined } from './defined.ts'
import { bundlingWith } from './function-bundling.ts'
import type { IIdempotencyTable } from './idempotency-table.ts'
import { seconds, validateAtSynth } from './numbers.ts'
import { checkedOperation } from './operation.ts'

export interface IdempotentFunctionProps extends NodejsFunctionProps {
  /** Where its records are. */
  readonly table: IIdempotencyTable
  /**
   * The `operation` of the handler's options: the function gets leave for the records of this one. For a function with
   * several call `table.grantClaims` for each of the others.
   */
  readonly operation: string
  /**
   * How long outcomes are replayed; at least 1,501 s. The function finds it in `IDEMPOTENCY_RETENTION_SECONDS`, for its
   * option `retentionSeconds`.
   * @default - the layer's: a day, and for SQS 15 days
   */
  readonly retention?: Duration
}

/** The environment variable for `dynamoDbStore({ tableName })`. */
const TABLE_VARIABLE = 'IDEMPOTENCY_TABLE'

/** The environment variable for the option `retentionSeconds`, where `retention` is given. */
const RETENTION_VARIABLE = 'IDEMPOTENCY_RETENTION_SECONDS'

/** Two store calls, the work, and a margin; API Gateway waits no longer than 30 s. */
const DEFAULT_TIMEOUT = Duration.seconds(10)

/** Lambda gives processor time by memory: below this the start of Node is slow. */
const DEFAULT_MEMORY_MIB = 512

/** The lease ends a second after the timeout, since that late a function may be killed. */
const LEASE_MARGIN_SECONDS = 1

/**
 * A delayed duplicate of a signed request can reach DynamoDB up to five minutes late, with either clock up to five
 * minutes off; it must find the record that it belongs to.
 */
const LATE_WRITE_SECONDS = 600

/** The layer refuses less, whatever the timeout: the rule above for Lambda's longest, 900 s. */
const MIN_RETENTION_SECONDS = 1_501

/**
 * A function that claims records: Node 24 on arm64, bundled, with the table's name in `IDEMPOTENCY_TABLE` and leave for
 * the records of its operation. Everything that `NodejsFunction` takes can be given too; `entry` has to be.
 *
 * A table of another account is named by its ARN, and needs a resource policy that lets this function in.
 *
 * ```ts
 * const pay = new IdempotentFunction(this, 'Pay', { table, operation: 'payments', entry: 'functions/pay.ts' })
 * ```
 */
export class IdempotentFunction extends NodejsFunction {
  /** How long outcomes are replayed, where that was said. */
  readonly retention: Duration | undefined

  constructor(scope: Construct, id: string, props: IdempotentFunctionProps) {
    const { table, operation, retention, ...given } = props
    const rest = defined(given)
    checkedOperation(operation)
    if (rest.entry === undefined && rest.code === undefined) {
      throw new Error(`entry of ${id} is missing; it must be the path of the handler's source file`)
    }
    super(scope, id, {
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      timeout: DEFAULT_TIMEOUT,
      memorySize: DEFAULT_MEMORY_MIB,
      loggingFormat: LoggingFormat.JSON,
      ...rest,
      bundling: bundlingWith(rest.bundling),
      environment: {
        NODE_OPTIONS: '--enable-source-maps',
        [TABLE_VARIABLE]: tableNameFor(scope, table.table),
        ...(retention === undefined ? {} : { [RETENTION_VARIABLE]: String(retention.toSeconds()) }),
        ...rest.environment,
      },
    })
    this.retention = retention
    table.grantClaims(this, { operation })
    validateAtSynth(
      this,
      () => coversLease(retention, this.timeout ?? DEFAULT_TIMEOUT),
      () => inOneRegion(this, table.table),
    )
  }
}

/** DynamoDB takes a bare name for a table of the caller's own account. Two tokens that differ may stand for two. */
const tableNameFor = (scope: Construct, { env, tableName, tableArn }: ITable): string =>
  env.account === Stack.of(scope).account ? tableName : tableArn

const inOneRegion = (scope: Construct, { env }: ITable): string | undefined => {
  const { region } = Stack.of(scope)
  return Token.compareStrings(env.region, region) === TokenComparison.DIFFERENT
    ? `the table is in ${env.region}, and the function in ${region}: DynamoDB takes requests for tables of its own Region only`
    : undefined
}

const coversLease = (retention: Duration | undefined, timeout: Duration): string | undefined => {
  if (retention === undefined) return undefined
  const leaseAndLate = timeout.toSeconds() + LEASE_MARGIN_SECONDS + LATE_WRITE_SECONDS
  const least = Math.max(MIN_RETENTION_SECONDS, leaseAndLate)
  if (retention.toSeconds() >= least) return undefined
  return (
    `retention is ${seconds(retention)}, and the lease of a timeout of ${seconds(timeout)} may need ${least} s: ` +
    `retention must be at least timeout + ${LEASE_MARGIN_SECONDS} s + ${LATE_WRITE_SECONDS} s, ` +
    `and never under ${MIN_RETENTION_SECONDS} s`
  )
}
