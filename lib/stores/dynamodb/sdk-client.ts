import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import {
  DynamoDBClient,
  type DynamoDBClientConfig,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import { closeIdle } from './idle-sockets.ts'
import type { ItemClient } from './item-client.ts'
import { keptChain } from './kept-chain.ts'

/**
 * The SDK's defaults wait without bound for an answer, and send four times. A caller of an API is gone by then: two
 * attempts that end within 900 ms each leave room in the claim's two seconds. Without `throwOnRequestTimeout` the SDK
 * only warns.
 */
export const BOUNDED_CLIENT: DynamoDBClientConfig = {
  maxAttempts: 2,
  requestHandler: { connectionTimeout: 1_000, requestTimeout: 900, throwOnRequestTimeout: true },
}

/** Anything with the SDK client's `send`. */
export type SdkClient = Pick<DynamoDBClient, 'send'>

export const sdkItemClient = (client: SdkClient): ItemClient => {
  const put = keptChain<PutItemCommand>()
  const update = keptChain<UpdateItemCommand>()
  const get = keptChain<GetItemCommand>()
  return {
    putItem: (input, abortSignal) => client.send(put(new PutItemCommand(input)), { abortSignal }),
    updateItem: (input, abortSignal) => client.send(update(new UpdateItemCommand(input)), { abortSignal }),
    getItem: (input, abortSignal) => client.send(get(new GetItemCommand(input)), { abortSignal }),
  }
}

/** As the SDK makes its own. */
const AGENT = { keepAlive: true, maxSockets: 50 } as const

export const ownItemClient = (config: DynamoDBClientConfig = {}): ItemClient => {
  const agents = { httpAgent: new HttpAgent(AGENT), httpsAgent: new HttpsAgent(AGENT) }
  const client = new DynamoDBClient({
    ...BOUNDED_CLIENT,
    requestHandler: { ...BOUNDED_CLIENT.requestHandler, ...agents },
    ...config,
  })
  client.middlewareStack.add(
    (next) => async (args) => {
      try {
        return await next(args)
      } catch (error) {
        if (!isAnswer(error)) for (const agent of Object.values(agents)) closeIdle(agent)
        throw error
      }
    },
    { step: 'finalizeRequest', priority: 'low', name: 'closeIdleSockets' }, // within the retries, for each attempt
  )
  return sdkItemClient(client)
}

/** A refusal came over a connection that lives. */
const isAnswer = (error: unknown): boolean =>
  (error as { $response?: unknown } | null | undefined)?.$response !== undefined
