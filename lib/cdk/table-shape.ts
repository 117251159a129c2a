import { Stack } from 'aws-cdk-lib'
import { CfnGlobalTable, CfnTable, type ITable } from 'aws-cdk-lib/aws-dynamodb'
import { PARTITION_KEY, TTL_ATTRIBUTE } from '../dynamodb/item.ts'
import type { Check } from './numbers.ts'

/** What CloudFormation is told of a table, as far as the store needs it to be so. */
interface Shape {
  readonly keySchema?: readonly { readonly attributeName: string; readonly keyType: string }[]
  readonly attributeDefinitions?: readonly { readonly attributeName: string; readonly attributeType: string }[]
  readonly timeToLiveSpecification?: { readonly attributeName?: string; readonly enabled?: boolean }
}

/**
 * For a table of this app; of one that stands already CDK knows the name only. What is judged are its props: a property
 * that `addPropertyOverride` sets is not seen.
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

/** A `TableV2` counts its own Region among them; a `Table` makes a resource of its own for each. */
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
