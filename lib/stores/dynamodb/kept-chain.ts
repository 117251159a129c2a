import type {
  DynamoDBClientResolvedConfig,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'

type ItemCommand = GetItemCommand | PutItemCommand | UpdateItemCommand

/** The parts of the SDK's commands in which all three are alike; their types are not. */
type AnyCommand = Pick<PutItemCommand, 'middlewareStack'>
type Resolve = (stack: object, config: DynamoDBClientResolvedConfig, options: object) => unknown

interface Kept {
  readonly stack: object
  readonly chain: unknown
}

/**
 * The SDK puts its chain of middlewares together anew for each call: a quarter of the call's CPU. Here the chain of a
 * client's first command serves the later ones of its kind, as with the SDK's own `cacheMiddleware`, which is not for
 * calls that bring a signal of their own. Commands still go through the client's `send`, for whoever watches it or
 * stands in for it.
 */
export const keptChain = <Command extends ItemCommand>(): ((command: Command, by: AbortSignal) => Command) => {
  const signals = new WeakMap<object, AbortSignal>()
  let kept: Kept | undefined
  return (command, by) => {
    signals.set(command.input, by)
    const resolve = command.resolveMiddleware.bind(command) as Resolve
    const resolveOnce: Resolve = (stack, config) => {
      if (kept?.stack !== stack) {
        endBySignal(command as AnyCommand, config, signals)
        // Without the call's options: their signal would become that of all calls.
        kept = { stack, chain: resolve(stack, config, {}) }
      }
      return kept.chain
    }
    return Object.assign(command, { resolveMiddleware: resolveOnce })
  }
}

/** The last link of the chain hands the request over with the signal of its own call. */
const endBySignal = (
  command: AnyCommand,
  { requestHandler }: DynamoDBClientResolvedConfig,
  signals: WeakMap<object, AbortSignal>,
): void => {
  type Request = Parameters<typeof requestHandler.handle>[0]
  command.middlewareStack.add(
    () =>
      async ({ input, request }) => {
        const abortSignal = signals.get(input)
        return requestHandler.handle(request as Request, abortSignal === undefined ? {} : { abortSignal })
      },
    { step: 'deserialize', priority: 'low', name: 'signalOfItsCall' },
  )
}
