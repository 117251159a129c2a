import type { RequestListener } from 'node:http'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { createBusinessTable } from './business-table.ts'
import { prepareDataDirectory } from './data-directory.ts'
import { startDynamoDbLocal } from './dynamodb-local.ts'
import {
  CREDENTIALS,
  FUNCTION_NAMES,
  functionEnvironment,
  IDEMPOTENCY_TABLE,
  ORDERS_TABLE,
  PAYMENTS_TABLE,
  PROVIDER,
  QUIET_SDK,
  REGION,
  ROUTES,
  sourceFiles,
} from './example-api.ts'
import type { LocalSettings } from './flags.ts'
import { type Bundles, bundleFunctions } from './functions/bundle.ts'
import { functionPool } from './functions/function-pool.ts'
import { gateway } from './gateway/gateway.ts'
import { closed, listen } from './listen.ts'
import { type FunctionPools, startOrdersQueue } from './orders-queue.ts'
import { providerListener } from './provider/provider-listener.ts'
import { LOCAL_PREFIX, SQS_PATH } from './queue/queue-listener.ts'
import { createIdempotencyTable } from './tables.ts'

export interface LocalServer {
  readonly url: string
  /** Stops requests, functions and database. */
  stop(): Promise<void>
}

/**
 * Starts database, payment provider, functions, gateway and queue. It listens first, so that a port in use is reported at once; early
 * requests wait until everything is ready. If a part fails to start, the parts before it are stopped again.
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
    const client = databaseClient(database.endpoint)
    started.push(async () => client.destroy())
    await createTables(client)

    const bundles = await bundleFunctions(sourceFiles())
    started.push(bundles.remove)
    const environment = functionEnvironment({
      dynamoDb: database.endpoint,
      sqs: url + SQS_PATH,
      provider: url + PROVIDER.path,
    })
    const functions = functionPools(bundles, environment, settings, log)
    started.push(async () => {
      await Promise.all([...functions.values()].map((pool) => pool.stop()))
    })
    const orders = startOrdersQueue(client, functions)
    started.push(async () => orders.stop())
    const api = gateway({ routes: ROUTES, functions })
    open(byPath({ api, queue: orders.listener(url), provider: providerListener(PROVIDER) }))
    return { url, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

const databaseClient = (endpoint: string): DynamoDBClient => {
  process.env[QUIET_SDK] = 'true'
  return new DynamoDBClient({ endpoint, region: REGION, credentials: CREDENTIALS })
}

const createTables = async (client: DynamoDBClient): Promise<void> => {
  await createIdempotencyTable(client, IDEMPOTENCY_TABLE)
  await createBusinessTable(client, PAYMENTS_TABLE)
  await createBusinessTable(client, ORDERS_TABLE)
}

const functionPools = (
  { file, mainFile }: Bundles,
  environment: Readonly<Record<string, string>>,
  { functionTimeoutSeconds: timeoutSeconds }: LocalSettings,
  log: (line: string) => void,
): FunctionPools => {
  const options = { mainFile, environment, timeoutSeconds, log }
  return new Map(FUNCTION_NAMES.map((name) => [name, functionPool({ ...options, name, file: file(name) })]))
}

const byPath =
  ({ api, queue, provider }: Readonly<Record<'api' | 'queue' | 'provider', RequestListener>>): RequestListener =>
  (request, response) => {
    const { url = '/' } = request
    if (!url.startsWith(`${PROVIDER.path}/`)) return (url.startsWith(LOCAL_PREFIX) ? queue : api)(request, response)
    request.url = url.slice(PROVIDER.path.length)
    provider(request, response)
  }
