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

/** What was read, or why it could not be. */
export type Fact<T> = { readonly kind: 'known'; readonly value: T } | { readonly kind: 'unknown'; readonly why: string }

export interface TableFacts {
  readonly table: TableDescription
  /** `undefined`: TTL is off. */
  readonly ttlAttribute: Fact<string | undefined>
  readonly pointInTimeRecovery: Fact<boolean>
  readonly overrides: Fact<OverrideRule>
  /** How far this computer's clock is ahead of the store's, in milliseconds. */
  readonly clockAheadMillis: Fact<number>
}

/** Throws if the table itself cannot be described. Each other fact may be missing. */
export const readFacts = async (
  client: DynamoDBClient,
  operator: Operator,
  TableName: string,
  { now }: Io,
): Promise<TableFacts> => {
  const clock = storeClock(client, now)
  const { Table: table = {} } = await client.send(new DescribeTableCommand({ TableName })).catch((error: unknown) => {
    throw operatorFault(error, TableName)
  })
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

const fact = async <T>(read: () => Promise<T>): Promise<Fact<T>> => {
  try {
    return { kind: 'known', value: await read() }
  } catch (error) {
    const { name, message } = error as Error
    const isAbsent = name === 'UnknownOperationException'
    return { kind: 'unknown', why: isAbsent ? 'cannot be checked here: an emulator does not know it' : message }
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
