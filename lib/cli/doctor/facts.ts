import {
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  type DynamoDBClient,
  type TableDescription,
} from '@aws-sdk/client-dynamodb'
import { operatorFault } from '../../operator/faults.ts'
import type { Operator, OverrideRule } from '../../operator/index.ts'
import type { Io } from '../io.ts'
import { type Fact, fact } from './fact.ts'

export interface TableFacts {
  readonly table: Fact<TableDescription>
  /** `undefined`: TTL is off. */
  readonly ttlAttribute: Fact<string | undefined>
  readonly pointInTimeRecovery: Fact<boolean>
  readonly overrides: Fact<OverrideRule>
  /** How far this computer's clock is ahead of the store's, in milliseconds. */
  readonly clockAheadMillis: Fact<number>
}

/** Throws if the table cannot be reached. Each fact may be missing. */
export const readFacts = async (
  client: DynamoDBClient,
  operator: Operator,
  TableName: string,
  { now }: Io,
): Promise<TableFacts> => {
  const clock = storeClock(client, now)
  const table = await describe(client, TableName)
  return {
    table,
    clockAheadMillis: clock(),
    ttlAttribute: await fact(async () => {
      const { TimeToLiveDescription: ttl } = await client.send(new DescribeTimeToLiveCommand({ TableName }))
      return /^ENABL/.test(ttl?.TimeToLiveStatus ?? '') ? ttl?.AttributeName : undefined
    }),
    pointInTimeRecovery: await fact(async () => {
      const { ContinuousBackupsDescription: backups } = await client.send(
        new DescribeContinuousBackupsCommand({ TableName }),
      )
      return backups?.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus === 'ENABLED'
    }),
    overrides: await fact(() => operator.overrideRule()),
  }
}

/** A function may use a table that it may not describe. */
const describe = async (client: DynamoDBClient, TableName: string): Promise<Fact<TableDescription>> => {
  try {
    const { Table: value = {} } = await client.send(new DescribeTableCommand({ TableName }))
    return { kind: 'known', value }
  } catch (error) {
    const { name, message } = error as Error
    if (name === 'AccessDeniedException') return { kind: 'unknown', why: message }
    throw operatorFault(error, TableName)
  }
}

/** The store's clock is the Date line of its answers, whose resolution is a second. */
const storeClock = (client: DynamoDBClient, now: Io['now']): (() => Fact<number>) => {
  let ahead: number | undefined
  client.middlewareStack.add(
    (next) => async (given) => {
      const result = await next(given)
      const { headers } = result.response as { readonly headers?: Readonly<Record<string, string>> }
      const at = Date.parse(headers?.date ?? '')
      if (!Number.isNaN(at)) ahead = now() - (at + 500)
      return result
    },
    { step: 'deserialize', name: 'storeClock' },
  )
  return () =>
    ahead === undefined
      ? { kind: 'unknown', why: 'the answers of the store have no date' }
      : { kind: 'known', value: ahead }
}
