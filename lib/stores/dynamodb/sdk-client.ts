import {
  DynamoDBClient,
  type DynamoDBClientConfig,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import type { ItemClient } from './item-client.ts'

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

export const sdkItemClient = (client: SdkClient): ItemClient => ({
  putItem: (input, abortSignal) => client.send(new PutItemCommand(input), { abortSignal }),
  updateItem: (input, abortSignal) => client.send(new UpdateItemCommand(input), { abortSignal }),
  getItem: (input, abortSignal) => client.send(new GetItemCommand(input), { abortSignal }),
})

/**
 * A call that names its own options, such as a signal, makes the SDK put together its chain of middlewares anew: a
 * quarter of the call's CPU. So the chain is made once for each command, and its last link finds the signal of its call.
 */
export const ownItemClient = (config: DynamoDBClientConfig = {}): ItemClient => {
  const client = new DynamoDBClient({ ...BOUNDED_CLIENT, ...config, cacheMiddleware: true })
  const { requestHandler } = client.config
  const waiting = new WeakMap<object, AbortSignal>()
  client.middlewareStack.add(
    () =>
      async ({ input, request }) => {
        const abortSignal = waiting.get(input)
        return requestHandler.handle(
          request as Parameters<typeof requestHandler.handle>[0],
          abortSignal === undefined ? {} : { abortSignal },
        )
      },
    { step: 'deserialize', priority: 'low', name: 'signalOfItsCall' },
  )
  const by = <Input extends object>(input: Input, signal: AbortSignal): Input => {
    waiting.set(input, signal)
    return input
  }
  return {
    putItem: (input, signal) => client.send(new PutItemCommand(by(input, signal))),
    updateItem: (input, signal) => client.send(new UpdateItemCommand(by(input, signal))),
    getItem: (input, signal) => client.send(new GetItemCommand(by(input, signal))),
  }
}
