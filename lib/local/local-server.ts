import type { RequestListener } from 'node:http'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { prepareDataDirectory } from './data-directory.ts'
import { startDynamoDbLocal } from './dynamodb-local.ts'
import {
  CREDENTIALS,
  functionEnvironment,
  IDEMPOTENCY_TABLE,
  PAYMENTS_TABLE,
  QUIET_SDK,
  REGION,
  ROUTES,
  sourceFiles,
} from './example-api.ts'
import type { LocalSettings } from './flags.ts'
import { type Bundles, bundleFunctions } from './functions/bundle.ts'
import { type FunctionPool, functionPool } from './functions/function-pool.ts'
import { gateway } from './gateway/gateway.ts'
import { type Listening, listen } from './listen.ts'
import { createPaymentsTable } from './payments-table.ts'
import { createIdempotencyTable } from './tables.ts'

export interface LocalServer {
  readonly url: string
  /** Ends everything that was started: requests, functions, database. */
  stop(): Promise<void>
}

/**
 * Starts database, functions and gateway. The port is taken first, so that a taken one is told at once; requests that
 * come early wait until all is ready. What was started is stopped again where something after it fails.
 */
export const startLocalServer = async (settings: LocalSettings, log: (line: string) => void): Promise<LocalServer> => {
  const started: (() => Promise<void>)[] = []
  const stop = async (): Promise<void> => {
    for (let end = started.pop(); end !== undefined; end = started.pop()) await end()
  }
  try {
    let open = (_: RequestListener): void => {}
    const ready = new Promise<RequestListener>((resolve) => {
      open = resolve
    })
    const { server, url } = await listen(settings.port, async (...exchange) => (await ready)(...exchange))
    started.push(() => closed(server))

    if (settings.dataDirectory !== undefined) prepareDataDirectory(settings.dataDirectory)
    const { dataDirectory } = settings
    const database = await startDynamoDbLocal(dataDirectory === undefined ? {} : { dataDirectory })
    started.push(database.stop)
    await createTables(database.endpoint)

    const bundles = await bundleFunctions(sourceFiles())
    started.push(bundles.remove)
    const functions = functionPools(bundles, functionEnvironment(database.endpoint), settings, log)
    started.push(async () => {
      await Promise.all([...functions.values()].map((pool) => pool.stop()))
    })
    open(gateway({ routes: ROUTES, functions }))
    return { url, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

const createTables = async (endpoint: string): Promise<void> => {
  process.env[QUIET_SDK] = 'true'
  const client = new DynamoDBClient({ endpoint, region: REGION, credentials: CREDENTIALS })
  try {
    await createIdempotencyTable(client, IDEMPOTENCY_TABLE)
    await createPaymentsTable(client, PAYMENTS_TABLE)
  } finally {
    client.destroy()
  }
}

const functionPools = (
  { file, mainFile }: Bundles,
  environment: Readonly<Record<string, string>>,
  { functionTimeoutSeconds: timeoutSeconds }: LocalSettings,
  log: (line: string) => void,
): ReadonlyMap<string, FunctionPool> => {
  const names = new Set(ROUTES.map(({ functionName }) => functionName))
  const options = { mainFile, environment, timeoutSeconds, log }
  return new Map([...names].map((name) => [name, functionPool({ ...options, name, file: file(name) })]))
}

const closed = async (server: Listening['server']): Promise<void> => {
  await new Promise((resolve) => {
    server.close(resolve)
    server.closeAllConnections()
  })
}
