import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb'
import { type KeyOptions, tableKeys } from '../../dynamodb/keys/index.ts'
import { type Operator, type OperatorOptions, tableOperator } from '../../operator/index.ts'
import { UsageError } from '../answer.ts'
import type { TableFlags } from '../flags.ts'
import type { Io } from '../io.ts'
import { isLoopback } from '../loopback.ts'

/** Who only looks: no act is written under this name. */
const READER = 'reader'

export const openTable = (
  flags: TableFlags,
  io: Io,
  writer: Pick<OperatorOptions, 'by' | 'confirm'> = { by: READER },
): Operator =>
  tableOperator({
    tableName: tableNameFrom(flags),
    client: clientFor(flags),
    keys: tableKeys(keyOptionsFrom(flags)),
    now: io.now,
    ...writer,
  })

/** What the table calls its keys, as `tableKeys` takes it. */
export const keyOptionsFrom = ({ keys }: TableFlags): KeyOptions => {
  if (keys === undefined) return {}
  try {
    const options: KeyOptions = JSON.parse(keys)
    tableKeys(options)
    return options
  } catch (error) {
    throw new UsageError(`--keys: ${(error as Error).message}`)
  }
}

export const tableNameFrom = ({ table }: TableFlags): string => {
  if (table !== undefined) return table
  throw new UsageError('name the table: --table NAME, or the variable IDEMPOTENCY_TABLE')
}

/** A person waits: the SDK itself would wait without bound. */
const PATIENCE = { connectionTimeout: 3_000, requestTimeout: 10_000, throwOnRequestTimeout: true }

export const clientFor = (flags: TableFlags): DynamoDBClient => {
  const { endpoint } = flags
  return new DynamoDBClient({ ...configFor(flags), ...(endpoint === undefined ? {} : { endpoint }) })
}

/** What the clients of all services have in common. `--endpoint` is the one of DynamoDB only. */
export const configFor = ({ region, endpoint, profile }: TableFlags): Omit<DynamoDBClientConfig, 'endpoint'> => {
  // An old client ignores an option `profile`, and would use another account. Each one reads the variable.
  if (profile !== undefined) process.env.AWS_PROFILE = profile
  return {
    maxAttempts: 3,
    requestHandler: PATIENCE,
    ...(region === undefined ? {} : { region }),
    ...(endpoint !== undefined && isLoopback(endpoint) ? emulatorDefaults(region) : {}),
  }
}

/** An emulator accepts any credentials, and the SDK requires some. Those of `npm start`, unless yours are set. */
const emulatorDefaults = (region: string | undefined): Pick<DynamoDBClientConfig, 'credentials' | 'region'> => {
  const { AWS_ACCESS_KEY_ID, AWS_PROFILE, AWS_REGION } = process.env
  return {
    ...((AWS_ACCESS_KEY_ID ?? AWS_PROFILE) ? {} : { credentials: { accessKeyId: 'local', secretAccessKey: 'local' } }),
    ...((region ?? AWS_REGION) ? {} : { region: 'us-east-1' }),
  }
}
