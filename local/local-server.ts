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
import type { FunctionOptions } from './functions/function-process.ts'
import { gateway } from './gateway/gateway.ts'
import { closed, listen } from './listen.ts'
import { type FunctionPools, startOrdersQueue } from './orders-queue.ts'
import { onlyOwnSite } from './own-site.ts'
import { createFeed } from './page/feed.ts'
import { pageListener } from './page/page-listener.ts'
import { createTimeline } from './page/timeline.ts'
import { providerListener } from './provider/provider-listener.ts'
import { LOCAL_PREFIX, SQS_PATH } from './queue/queue-listener.ts'
import { startStoreGate } from './store-gate.ts'
import { createIdempotencyTable } from './tables.ts'

export interface LocalServer {
  readonly url: string
  /** The endpoint of DynamoDB Local. */
  readonly databaseUrl: string
  /** Stops requests, functions and database. */
  stop(): Promise<void>
}

/**
 * Starts database, payment provider, functions, gateway, queue and page. It listens first, so that a port in use is
 * reported at once; early requests wait until everything is ready. If a part fails to start, the parts before it are stopped again.
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

    const timeline = createTimeline()
    const gate = await startStoreGate(database.endpoint, () => feed.storeChanged())
    started.push(gate.stop)
    const feed = createFeed(timeline, gate.shutUntil)

    const bundles = await bundleFunctions(sourceFiles())
    started.push(bundles.remove)
    const environment = functionEnvironment({
      dynamoDb: gate.endpoint,
      sqs: url + SQS_PATH,
      provider: url + PROVIDER.path,
    })
    const functions = functionPools(bundles, { environment, watch: timeline.watch, log }, settings)
    started.push(async () => {
      await Promise.all([...functions.values()].map((pool) => pool.stop()))
    })
    const orders = startOrdersQueue(client, functions)
    started.push(async () => orders.stop())
    const api = gateway({ routes: ROUTES, functions })
    const page = pageListener({ database: client, url, feed, gate })
    open(byPath({ api, page, queue: orders.listener(url), provider: providerListener(PROVIDER) }))
    return { url, databaseUrl: database.endpoint, stop }
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
  given: Pick<FunctionOptions, 'environment' | 'watch' | 'log'>,
  { functionTimeoutSeconds: timeoutSeconds }: LocalSettings,
): FunctionPools => {
  const options = { ...given, mainFile, timeoutSeconds }
  return new Map(FUNCTION_NAMES.map((name) => [name, functionPool({ ...options, name, file: file(name) })]))
}

interface Listeners extends Readonly<Record<'api' | 'queue' | 'provider', RequestListener>> {
  readonly page: ReturnType<typeof pageListener>
}

/** What is below `/_local/` is for this machine only. */
const byPath = ({ api, page, queue, provider }: Listeners): RequestListener => {
  const local = onlyOwnSite((request, response) => {
    const { url = '/' } = request
    const own = page(url)
    if (own !== undefined) return own(request, response)
    if (!url.startsWith(`${PROVIDER.path}/`)) return queue(request, response)
    request.url = url.slice(PROVIDER.path.length)
    return provider(request, response)
  })
  return (request, response) => {
    if (request.url === LOCAL_PREFIX.slice(0, -1)) return response.writeHead(308, { location: LOCAL_PREFIX }).end()
    return (request.url?.startsWith(LOCAL_PREFIX) ? local : api)(request, response)
  }
}
