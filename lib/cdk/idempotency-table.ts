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
import { type KeyOptions, tableKeys } from '../dynamodb/keys/index.ts'
import type { OverrideRule } from '../operator/table-settings.ts'
import { validateAtSynth } from './numbers.ts'
import { writeOverrideRule } from './override-rule.ts'
import { grantOperation, grantPerson } from './table-grant.ts'
import { fitsStore } from './table-shape.ts'

export interface GrantClaimsOptions {
  /**
   * The `operation` of the handler's options. The grantee gets access to the records of this operation only. 1 to 100
   * characters of `A-Z a-z 0-9 . _ -`; must not be a CDK token.
   */
  readonly operation: string
}

/** A table of records that this app creates or imports. */
export interface IIdempotencyTable extends IConstruct {
  /** The table itself. */
  readonly table: ITable
  /**
   * Lets the grantee claim, settle and read the records of one operation. Call it once for each operation of a
   * function.
   *
   * @throws Error if `operation` is a token or breaks its rule
   */
  grantClaims(grantee: IGrantable, options: GrantClaimsOptions): Grant
  /**
   * Lets a person, such as the role of those on call, use `npx lambda-once`: read and scan the table, and update its
   * records. They can neither put nor delete a record, nor change the rule `overrides`. In a table with a key prefix they
   * get no `dynamodb:Scan`, which would read all other items too: `list` needs it.
   */
  grantOperators(grantee: IGrantable): Grant
  /** Reads that DynamoDB throttled. Statistic: sum. */
  metricThrottledReads(props?: MetricOptions): IMetric
  /** Writes that DynamoDB throttled. Statistic: sum. */
  metricThrottledWrites(props?: MetricOptions): IMetric
  /** Writes that conflicted with a transaction on the same record. Statistic: sum. */
  metricTransactionConflicts(props?: MetricOptions): IMetric
  /** Conditional writes that DynamoDB refused, mostly because of duplicate requests. Statistic: sum. */
  metricRefusedWrites(props?: MetricOptions): IMetric
}

export interface IdempotencyTableProps {
  /**
   * Name of the table. CloudFormation cannot replace a table that has a fixed name.
   * @default - CloudFormation generates a name
   */
  readonly tableName?: string
  /**
   * Your own KMS key for the records at rest. `grantClaims` then grants its use too. The stack needs an `env` with a
   * Region.
   * @default - a key that AWS owns, at no cost
   */
  readonly encryptionKey?: IKey
  /**
   * Whether the table can be restored to any second of the last 35 days.
   * @default true
   */
  readonly pointInTimeRecovery?: boolean
  /**
   * Whether DynamoDB refuses to delete the table. Without its records, every retry runs again. Must not be true
   * together with `removalPolicy: DESTROY`.
   * @default true, unless `removalPolicy` is `DESTROY`
   */
  readonly deletionProtection?: boolean
  /**
   * Who may let one other payload use a key. `'two-people'`: one proposes, another approves. `'one-person'`: the same
   * person may do both. `'off'`: no person may. A custom resource writes it into the table.
   * @default - no custom resource; the command line then asks for two people
   */
  readonly overrides?: OverrideRule
  /**
   * What happens to the table when it is removed from the stack.
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy
  /**
   * The most read request units per second that the table may use. This limits its cost.
   * @default - the account's limit
   */
  readonly maxReadRequestUnits?: number
  /**
   * The most write request units per second that the table may use. A first call with a small answer uses two.
   * @default - the account's limit
   */
  readonly maxWriteRequestUnits?: number
  /**
   * Throughput that the table can serve at once. Must not exceed `maxReadRequestUnits` and `maxWriteRequestUnits`.
   * @default - DynamoDB's own: 12,000 reads and 4,000 writes per second for a new on-demand table
   */
  readonly warmThroughput?: WarmThroughput
}

export interface ExistingTableProps {
  /**
   * What the table calls its keys and its TTL attribute, if not `pk` and `expiresAt`: the options of `tableKeys` of
   * `lambda-once/dynamodb/keys`. The store needs the same ones. Grants are limited to keys that begin with `prefix`.
   * @default - partition key `pk`, no sort key, TTL on `expiresAt`
   */
  readonly keys?: KeyOptions
}

abstract class IdempotencyTableBase extends Construct implements IIdempotencyTable {
  abstract readonly table: ITable
  /** In front of each record key. */
  protected readonly prefix: string = ''

  grantClaims(grantee: IGrantable, { operation }: GrantClaimsOptions): Grant {
    return grantOperation(this.table, grantee, operation, this.prefix)
  }

  grantOperators(grantee: IGrantable): Grant {
    return grantPerson(this.table, grantee, this.prefix)
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
  protected override readonly prefix: string

  constructor(scope: Construct, id: string, table: ITable, { keys = {} }: ExistingTableProps = {}) {
    super(scope, id)
    tableKeys(keys) // throws for names that cannot be right
    this.table = table
    this.prefix = keys.prefix ?? ''
    validateAtSynth(this, ...fitsStore(table, keys))
  }
}

/**
 * The table that `dynamoDbStore` needs: on demand, a string partition key, and TTL on the attribute that the store
 * writes.
 *
 * It has no replicas. An eventually consistent global table decides a conditional write in one Region only, so two
 * Regions could both win a claim. A strongly consistent global table supports neither TTL nor transactions.
 *
 * ```ts
 * const table = new IdempotencyTable(this, 'Idempotency')
 * table.grantClaims(fn, { operation: 'payments' })
 * ```
 */
export class IdempotencyTable extends IdempotencyTableBase {
  /**
   * Uses an existing table, such as `TableV2.fromTableName(…)`. The table must have the string partition key `pk`, no
   * sort key, TTL on `expiresAt`, unless `keys` names others, and no replicas in other Regions. Synthesis checks this for a table that the same app
   * creates. If the table has a KMS key, import it with `TableV2.fromTableAttributes`, which takes the key.
   */
  static fromTable(scope: Construct, id: string, table: ITable, props?: ExistingTableProps): IIdempotencyTable {
    return new ImportedTable(scope, id, table, props)
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
    this.table = table as ITable // CDK's declarations do not allow this under exactOptionalPropertyTypes
    if (props.overrides !== undefined) writeOverrideRule(this, this.table, props.overrides)
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
    ? `warmThroughput has ${warm} ${kind} units a second, and the maximum is ${most}: the warm throughput must not ` +
      'exceed the maximum'
    : undefined
