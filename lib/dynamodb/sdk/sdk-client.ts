import {
  DynamoDBClient,
  type DynamoDBClientConfig,
  GetItemCommand,
  PutItemCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import { ANSWER_TIMEOUT_MILLIS, CONNECTION_TIMEOUT_MILLIS, MAX_ATTEMPTS } from '../../core/limits.ts'
import type { ItemClient } from '../item-client.ts'
import { keptChain } from './kept-chain.ts'

/**
 * The SDK's defaults wait for an answer without a limit, and send up to four times. An API's caller does not wait that long. Two
 * attempts of at most 900 ms each fit into the claim's two seconds. Without `throwOnRequestTimeout` the SDK only warns.
 */
export const BOUNDED_CLIENT: DynamoDBClientConfig = {
  maxAttempts: MAX_ATTEMPTS,
  requestHandler: {
    connectionTimeout: CONNECTION_TIMEOUT_MILLIS,
    requestTimeout: ANSWER_TIMEOUT_MILLIS,
    throwOnRequestTimeout: true,
  },
}

/** Anything with the SDK client's `send`. */
export type SdkClient = Pick<DynamoDBClient, 'send'>

export const sdkItemClient = (client: SdkClient): ItemClient => {
  const put = keptChain<PutItemCommand>()
  const update = keptChain<UpdateItemCommand>()
  const get = keptChain<GetItemCommand>()
  const transact = keptChain<TransactWriteItemsCommand>()
  return {
    putItem: (input, abortSignal) => client.send(put(new PutItemCommand(input)), { abortSignal }),
    updateItem: (input, abortSignal) => client.send(update(new UpdateItemCommand(input)), { abortSignal }),
    transactWriteItems: (input, abortSignal) =>
      client.send(transact(new TransactWriteItemsCommand(input)), { abortSignal }),
    getItem: (input, abortSignal) => client.send(get(new GetItemCommand(input)), { abortSignal }),
  }
}

export const ownItemClient = (config: DynamoDBClientConfig = {}): ItemClient =>
  sdkItemClient(new DynamoDBClient({ ...BOUNDED_CLIENT, ...config }))
