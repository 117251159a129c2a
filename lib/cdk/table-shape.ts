import { Stack } from 'aws-cdk-lib'
import { CfnGlobalTable, CfnTable, type ITable } from 'aws-cdk-lib/aws-dynamodb'
import { PARTITION_KEY, TTL_ATTRIBUTE } from '../dynamodb/item.ts'
import type { KeyOptions } from '../dynamodb/keys/index.ts'
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
export const fitsStore = (table: ITable, keys: KeyOptions): readonly Check[] => {
  const made = table.node.defaultChild
  if (!(made instanceof CfnTable || made instanceof CfnGlobalTable)) return []
  const shape = (): Shape => {
    const { keySchema, attributeDefinitions, timeToLiveSpecification } = made
    return Stack.of(made).resolve({ keySchema, attributeDefinitions, timeToLiveSpecification })
  }
  return [() => hasItsKey(shape(), keys), () => hasTtl(shape(), keys), () => isAlone(replicasOf(table, made))]
}

/** The `replicas` of a `TableV2` include its own Region. A `Table` creates one child resource for each replica. */
const replicasOf = (table: ITable, made: CfnTable | CfnGlobalTable): number =>
  made instanceof CfnGlobalTable
    ? Stack.of(made).resolve(made.replicas).length - 1
    : table.node.children.filter(({ node }) => node.id.startsWith('Replica')).length

const hasItsKey = (
  { keySchema = [], attributeDefinitions = [] }: Shape,
  { partition = PARTITION_KEY, sort }: KeyOptions,
): string | undefined => {
  const given = keySchema.map(({ attributeName }) => attributeName)
  const names = sort === undefined ? [partition] : [partition, sort.name]
  const isText = (name: string): boolean =>
    attributeDefinitions.find(({ attributeName }) => attributeName === name)?.attributeType === 'S'
  if (given.join() === names.join() && names.every(isText)) return undefined
  const wanted =
    sort === undefined
      ? `the string partition key "${partition}", without a sort key`
      : `the string partition key "${partition}" with the string sort key "${sort.name}"`
  return `the key of the table is "${given.join(', ')}"; it must be ${wanted}`
}

const hasTtl = (
  { timeToLiveSpecification: ttl }: Shape,
  { ttlAttribute = TTL_ATTRIBUTE }: KeyOptions,
): string | undefined =>
  ttl?.attributeName === ttlAttribute && ttl.enabled !== false
    ? undefined
    : `the TTL attribute of the table is ${ttl?.attributeName ?? 'missing'}; it must be ${ttlAttribute}`

const isAlone = (replicas: number): string | undefined =>
  replicas > 0
    ? `the table has ${replicas} replica(s); it must have none, since two Regions could both win a claim`
    : undefined
