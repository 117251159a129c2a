import { Duration, Stack, Token, TokenComparison } from 'aws-cdk-lib'
import type { ITable } from 'aws-cdk-lib/aws-dynamodb'
import { Architecture, LoggingFormat, Runtime } from 'aws-cdk-lib/aws-lambda'
import { NodejsFunction, type NodejsFunctionProps } from 'aws-cdk-lib/aws-lambda-nodejs'
import type { Construct } from 'constructs'
import {
  DEFAULT_RETENTION_SECONDS,
  KILL_MARGIN_SECONDS,
  LATE_WRITE_SECONDS,
  MAX_RERUN_WITHIN_SECONDS,
  MIN_RERUN_WITHIN_SECONDS,
  MIN_RETENTION_SECONDS,
} from '../core/limits.ts'
import { bundlingWith, defined } from './function-bundling.ts'
import type { IIdempotencyTable } from './idempotency-table.ts'
import { seconds, validateAtSynth } from './numbers.ts'
import { checkedOperation } from './operation.ts'

export interface IdempotentFunctionProps extends NodejsFunctionProps {
  /** The table that holds the function's records. Must be in the function's Region. */
  readonly table: IIdempotencyTable
  /**
   * The `operation` of the handler's options. The function gets permission for the records of this operation only. If
   * it has several operations, call `table.grantClaims` for each of the others. 1 to 100 characters of `A-Z a-z 0-9 . _
   * -`; must not be a CDK token.
   */
  readonly operation: string
  /**
   * How long outcomes are replayed: at least 1,501 s, and at least `timeout` + 601 s. The construct sets it as
   * `IDEMPOTENCY_RETENTION_SECONDS`; the handler must pass that to its option `retentionSeconds`.
   * @default - the variable is not set, and the layer's own defaults apply: 1 day for HTTP, 15 days for SQS
   */
  readonly retention?: Duration
  /**
   * How long after the first run of a generation an abandoned record may run again: 60 s to 365 days, and at most
   * `retention`, or 1 day without it. Take what your downstream remembers of its idempotency keys, less a margin. The
   * construct sets it as `IDEMPOTENCY_RERUN_WITHIN_SECONDS`; the handler must pass that to its option
   * `rerunWithinSeconds`.
   * @default - the variable is not set
   */
  readonly rerunWithin?: Duration
}

/** The environment variable for `dynamoDbStore({ tableName })`. */
const TABLE_VARIABLE = 'IDEMPOTENCY_TABLE'

/** The environment variable for the option `retentionSeconds`; set if `retention` is given. */
const RETENTION_VARIABLE = 'IDEMPOTENCY_RETENTION_SECONDS'

/** The environment variable for the option `rerunWithinSeconds`; set if `rerunWithin` is given. */
const RERUN_WITHIN_VARIABLE = 'IDEMPOTENCY_RERUN_WITHIN_SECONDS'

/** Two store calls, the work, and a margin, within the 30 s that API Gateway waits. */
const DEFAULT_TIMEOUT = Duration.seconds(10)

/** Lambda allots processor time by memory: with less than this, Node starts slowly. */
const DEFAULT_MEMORY_MIB = 512

/**
 * A function that claims records: Node 24 on arm64, bundled, with the table's name in `IDEMPOTENCY_TABLE` and
 * permission for the records of its operation. It takes all props of `NodejsFunction`. `entry`, the path of the
 * handler's source file, is required, unless `code` is given.
 *
 * If the table belongs to another account, `IDEMPOTENCY_TABLE` is its ARN, and the table needs a resource policy that
 * admits this function.
 *
 * @throws Error if `operation` breaks its rule, or if neither `entry` nor `code` is given
 *
 * ```ts
 * const pay = new IdempotentFunction(this, 'Pay', { table, operation: 'payments', entry: 'functions/pay.ts' })
 * ```
 */
export class IdempotentFunction extends NodejsFunction {
  /** The prop `retention`. */
  readonly retention: Duration | undefined

  constructor(scope: Construct, id: string, props: IdempotentFunctionProps) {
    const { table, operation, retention, rerunWithin, ...given } = props
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
        ...inSeconds(RETENTION_VARIABLE, retention),
        ...inSeconds(RERUN_WITHIN_VARIABLE, rerunWithin),
        ...rest.environment,
      },
    })
    this.retention = retention
    table.grantClaims(this, { operation })
    validateAtSynth(
      this,
      () => coversLease(retention, this.timeout ?? DEFAULT_TIMEOUT),
      () => isWindow(rerunWithin),
      () => coversWindow(retention, rerunWithin),
      () => inOneRegion(this, table.table),
    )
  }
}

const inSeconds = (variable: string, value: Duration | undefined): Readonly<Record<string, string>> =>
  value === undefined ? {} : { [variable]: String(value.toSeconds()) }

/** DynamoDB looks up a bare name in the caller's account. Different tokens may mean different accounts: use the ARN. */
const tableNameFor = (scope: Construct, { env, tableName, tableArn }: ITable): string =>
  env.account === Stack.of(scope).account ? tableName : tableArn

const inOneRegion = (scope: Construct, { env }: ITable): string | undefined => {
  const { region } = Stack.of(scope)
  return Token.compareStrings(env.region, region) === TokenComparison.DIFFERENT
    ? `the table is in ${env.region}, and the function in ${region}: DynamoDB in a Region serves only the tables of that Region`
    : undefined
}

const coversLease = (retention: Duration | undefined, timeout: Duration): string | undefined => {
  if (retention === undefined) return undefined
  const leaseAndLate = timeout.toSeconds() + KILL_MARGIN_SECONDS + LATE_WRITE_SECONDS
  const least = Math.max(MIN_RETENTION_SECONDS, leaseAndLate)
  if (retention.toSeconds() >= least) return undefined
  return (
    `retention is ${seconds(retention)}, and the lease of a timeout of ${seconds(timeout)} may need ${least} s: ` +
    `retention must be at least timeout + ${KILL_MARGIN_SECONDS} s + ${LATE_WRITE_SECONDS} s, ` +
    `and never under ${MIN_RETENTION_SECONDS} s`
  )
}

const isWindow = (rerunWithin: Duration | undefined): string | undefined => {
  const value = rerunWithin?.toSeconds() ?? MIN_RERUN_WITHIN_SECONDS
  return value < MIN_RERUN_WITHIN_SECONDS || value > MAX_RERUN_WITHIN_SECONDS
    ? `rerunWithin is ${value} s; it must be from ${MIN_RERUN_WITHIN_SECONDS} s to ${MAX_RERUN_WITHIN_SECONDS} s`
    : undefined
}

/**
 * The next record of a key begins a new window, and sends the downstream keys of the expired record. If the downstream
 * still remembers those, it forgets them within the new window, and a run after that repeats the effect.
 */
const coversWindow = (retention: Duration | undefined, rerunWithin: Duration | undefined): string | undefined => {
  const kept = retention?.toSeconds() ?? DEFAULT_RETENTION_SECONDS
  if (rerunWithin === undefined || rerunWithin.toSeconds() <= kept) return undefined
  return (
    `rerunWithin is ${seconds(rerunWithin)}, and retention is ${kept} s` +
    `${retention === undefined ? ', which is its default' : ''}: retention must be at least as long, since the next ` +
    'record of a key sends the same downstream keys, and the downstream must have forgotten them by then'
  )
}
