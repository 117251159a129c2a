import { RemovalPolicy } from 'aws-cdk-lib'
import type { IMetric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch'
import {
  AttributeType,
  Billing,
  type ITable,
  TableEncryptionV2,
  TableV2,
  type WarmThroughput,
} from 'aws-cdk-lib/aws-dynamodb'
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import { Construct, type IConstruct } from 'constructs'
import { PARTITION_KEY, TTL_ATTRIBUTE } from '../dynamodb/item.ts'
import { validateAtSynth } from './numbers.ts'
import { grantOperation } from './table-grant.ts'
import { fitsStore } from './table-shape.ts'

export interface GrantClaimsOptions {
  /** The `operation` of the handler's options: the grantee gets its records, and no others. */
  readonly operation: string
}

/** A table of records: one that this app makes, or one that it brought in. */
export interface IIdempotencyTable extends IConstruct {
  /** The table itself. */
  readonly table: ITable
  /**
   * Lets the grantee claim, settle and read the records of one operation. Call it once for each operation of a
   * function that has several.
   */
  grantClaims(grantee: IGrantable, options: GrantClaimsOptions): Grant
  /** Reads that DynamoDB refused for want of throughput. */
  metricThrottledReads(props?: MetricOptions): IMetric
  /** Writes that DynamoDB refused for want of throughput. */
  metricThrottledWrites(props?: MetricOptions): IMetric
  /** Writes that met a transaction on the same record. */
  metricTransactionConflicts(props?: MetricOptions): IMetric
  /** Conditional writes that were refused: duplicates, for the most part. */
  metricRefusedWrites(props?: MetricOptions): IMetric
}

export interface IdempotencyTableProps {
  /**
   * Name of the table. A table with a name of its own cannot be replaced without another name.
   * @default - CloudFormation makes one
   */
  readonly tableName?: string
  /**
   * A KMS key of your own, for records at rest; `grantClaims` then also grants its use. The stack needs an `env` with a
   * Region for it.
   * @default - a key that DynamoDB owns, at no cost
   */
  readonly encryptionKey?: IKey
  /**
   * Whether the table can be restored to any second of the last 35 days.
   * @default true
   */
  readonly pointInTimeRecovery?: boolean
  /**
   * Whether the table refuses to be deleted. Without its records every retry runs again.
   * @default true, unless `removalPolicy` is `DESTROY`
   */
  readonly deletionProtection?: boolean
  /**
   * What happens to the table when it leaves the stack.
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy
  /**
   * The most read units a second that the table may use: a limit to its cost.
   * @default - the account's limit
   */
  readonly maxReadRequestUnits?: number
  /**
   * The most write units a second that the table may use. A first call takes two for a small answer.
   * @default - the account's limit
   */
  readonly maxWriteRequestUnits?: number
  /**
   * Throughput that the table has ready at once; a new table on demand takes 4,000 writes and 12,000 reads a second.
   * @default - as DynamoDB gives
   */
  readonly warmThroughput?: WarmThroughput
}

abstract class IdempotencyTableBase extends Construct implements IIdempotencyTable {
  abstract readonly table: ITable

  grantClaims(grantee: IGrantable, { operation }: GrantClaimsOptions): Grant {
    return grantOperation(this.table, grantee, operation)
  }

  metricThrottledReads(props?: MetricOptions): IMetric {
    return this.sum('ReadThrottleEvents', props)
  }

  metricThrottledWrites(props?: MetricOptions): IMetric {
    return this.sum('WriteThrottleEvents', props)
  }

  metricTransactionConflicts(props?: MetricOptions): IMetric {
    return this.sum('TransactionConflict', props)
  }

  metricRefusedWrites(props?: MetricOptions): IMetric {
    return this.sum('ConditionalCheckFailedRequests', props)
  }

  private sum(metricName: string, props?: MetricOptions): IMetric {
    return this.table.metric(metricName, { statistic: 'Sum', ...props })
  }
}

class ImportedTable extends IdempotencyTableBase {
  readonly table: ITable

  constructor(scope: Construct, id: string, table: ITable) {
    super(scope, id)
    this.table = table
    validateAtSynth(this, ...fitsStore(table))
  }
}

/**
 * The table that `dynamoDbStore` needs: on demand, one string key, TTL on the attribute that the store writes.
 *
 * It has no replicas. On an eventually consistent global table a conditional write is decided in its own Region, so two
 * Regions could both win a claim; a strongly consistent one has neither TTL nor transactions.
 *
 * ```ts
 * const table = new IdempotencyTable(this, 'Idempotency')
 * table.grantClaims(fn, { operation: 'payments' })
 * ```
 */
export class IdempotencyTable extends IdempotencyTableBase {
  /**
   * A table that stands already, such as `TableV2.fromTableName(…)`. It needs the string partition key `pk`, no sort
   * key, TTL on `expiresAt`, and no replicas in other Regions. Of a table of this app that is checked at synthesis, by
   * its props. Where it has a KMS key, bring it in with `TableV2.fromTableAttributes`, which takes the key.
   */
  static fromTable(scope: Construct, id: string, table: ITable): IIdempotencyTable {
    return new ImportedTable(scope, id, table)
  }

  readonly table: ITable

  constructor(scope: Construct, id: string, props: IdempotencyTableProps = {}) {
    super(scope, id)
    const { removalPolicy = RemovalPolicy.RETAIN, maxReadRequestUnits, maxWriteRequestUnits } = props
    const { deletionProtection = removalPolicy !== RemovalPolicy.DESTROY } = props
    const table = new TableV2(this, 'Table', {
      partitionKey: { name: PARTITION_KEY, type: AttributeType.STRING },
      timeToLiveAttribute: TTL_ATTRIBUTE,
      billing: Billing.onDemand({
        ...(maxReadRequestUnits === undefined ? {} : { maxReadRequestUnits }),
        ...(maxWriteRequestUnits === undefined ? {} : { maxWriteRequestUnits }),
      }),
      encryption:
        props.encryptionKey === undefined
          ? TableEncryptionV2.dynamoOwnedKey()
          : TableEncryptionV2.customerManagedKey(props.encryptionKey),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: props.pointInTimeRecovery ?? true },
      deletionProtection,
      removalPolicy,
      ...(props.tableName === undefined ? {} : { tableName: props.tableName }),
      ...(props.warmThroughput === undefined ? {} : { warmThroughput: props.warmThroughput }),
    })
    this.table = table as ITable // which it is; under exactOptionalPropertyTypes CDK's own declarations do not agree
    validateAtSynth(
      this,
      () => protectedFromRemoval(removalPolicy, deletionProtection),
      () => fitsMaximum('read', props.warmThroughput?.readUnitsPerSecond, maxReadRequestUnits),
      () => fitsMaximum('write', props.warmThroughput?.writeUnitsPerSecond, maxWriteRequestUnits),
    )
  }
}

const protectedFromRemoval = (removalPolicy: RemovalPolicy, deletionProtection: boolean): string | undefined =>
  removalPolicy === RemovalPolicy.DESTROY && deletionProtection
    ? 'removalPolicy is DESTROY and deletionProtection is true: the stack could not be deleted; choose one of the two'
    : undefined

const fitsMaximum = (kind: 'read' | 'write', warm: number | undefined, most: number | undefined): string | undefined =>
  warm !== undefined && most !== undefined && warm > most
    ? `warmThroughput has ${warm} ${kind} units a second, and the maximum is ${most}: what is kept warm must not be ` +
      'more than what may be used'
    : undefined
