import { Stack } from 'aws-cdk-lib'
import { CfnGlobalTable, CfnTable, type ITable } from 'aws-cdk-lib/aws-dynamodb'
import { PARTITION_KEY, TTL_ATTRIBUTE } from '../dynamodb/item.ts'
import type { Check } from './numbers.ts'

/** The CloudFormation properties that the store depends on. */
interface Shape {
  readonly keySchema?: readonly { readonly attributeName: string; readonly keyType: string }[]
  readonly attributeDefinitions?: readonly { readonly attributeName: string; readonly attributeType: string }[]
  readonly timeToLiveSpecification?: { readonly attributeName?: string; readonly enabled?: boolean }
}

/**
 * Checks a table that this app creates. For an imported table CDK knows only the name, so there are no checks. The
 * checks read the props of the table and do not see a property that `addPropertyOverride` sets.
 */
export const fitsStore = (table: ITable): readonly Check[] => {
  const made = table.node.defaultChild
  if (!(made instanceof CfnTable || made instanceof CfnGlobalTable)) return []
  const shape = (): Shape => {
    const { keySchema, attributeDefinitions, timeToLiveSpecification } = made
    return Stack.of(made).resolve({ keySchema, attributeDefinitions, timeToLiveSpecification })
  }
  return [() => hasItsKey(shape()), () => hasTtl(shape()), () => isAlone(replicasOf(table, made))]
}

/** The `replicas` of a `TableV2` include its own Region. A `Table` creates one child resource for each replica. */
const replicasOf = (table: ITable, made: CfnTable | CfnGlobalTable): number =>
  made instanceof CfnGlobalTable
    ? Stack.of(made).resolve(made.replicas).length - 1
    : table.node.children.filter(({ node }) => node.id.startsWith('Replica')).length

const hasItsKey = ({ keySchema = [], attributeDefinitions = [] }: Shape): string | undefined => {
  const given = keySchema.map(({ attributeName }) => attributeName).join(', ')
  const type = attributeDefinitions.find(({ attributeName }) => attributeName === PARTITION_KEY)?.attributeType
  return given === PARTITION_KEY && type === 'S'
    ? undefined
    : `the key of the table is "${given}"; it must be the string partition key "${PARTITION_KEY}", without a sort key`
}

const hasTtl = ({ timeToLiveSpecification: ttl }: Shape): string | undefined =>
  ttl?.attributeName === TTL_ATTRIBUTE && ttl.enabled !== false
    ? undefined
    : `the TTL attribute of the table is ${ttl?.attributeName ?? 'missing'}; it must be ${TTL_ATTRIBUTE}`

const isAlone = (replicas: number): string | undefined =>
  replicas > 0
    ? `the table has ${replicas} replica(s); it must have none, since two Regions could both win a claim`
    : undefined
