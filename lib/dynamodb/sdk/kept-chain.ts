import type { DynamoDBClientResolvedConfig, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { closeIdle, type IdleAgent } from '../idle-sockets.ts'

/** The commands of the three calls are alike in what is used here; their types are not. One stands for all. */
type AnyCommand = PutItemCommand
type Resolve = AnyCommand['resolveMiddleware']
type Stack = Parameters<Resolve>[0]
type Chain = ReturnType<Resolve>

/** The options of one `send`, on their way through the chain. */
const OPTIONS = Symbol('options')

interface SendOptions {
  readonly abortSignal?: AbortSignal
}

interface KeptChain {
  readonly chain: Chain
  /** What it was put together from. */
  readonly parts: readonly unknown[]
}

/**
 * The SDK puts its chain of middlewares together anew for each call: a quarter of the call's CPU. Here the chain of a
 * client's first command serves the later ones of its kind for as long as the client's middlewares stay the same. The
 * SDK's own `cacheMiddleware` does the like, but not for calls that bring options of their own. Commands still go through
 * the client's `send`, for whoever watches it or stands in for it; a command to which that adds a middleware gets a chain
 * of its own.
 */
export const keptChain = <Command extends object>(): ((command: Command) => Command) => {
  const chains = new WeakMap<Stack, KeptChain>()
  const chainOf = (like: AnyCommand, stack: Stack, config: DynamoDBClientResolvedConfig): Chain => {
    const parts = partsOf(stack, config)
    const kept = chains.get(stack)
    if (kept !== undefined && isSame(kept.parts, parts)) return kept.chain
    const chain = chainFor(like, stack, config)
    chains.set(stack, { chain, parts })
    return chain
  }
  return (given) => {
    const command = given as unknown as AnyCommand
    const resolve = command.resolveMiddleware.bind(command)
    const resolveKept: Resolve = (stack, config, options: SendOptions = {}) => {
      if (command.middlewareStack.identify().length > 0) return resolve(stack, config, options)
      const chain = chainOf(command, stack, config)
      return (args) => untilAborted(chain(Object.assign(args, { [OPTIONS]: options })), options.abortSignal)
    }
    return Object.assign(given, { resolveMiddleware: resolveKept })
  }
}

interface Place {
  readonly step?: unknown
  readonly priority?: unknown
  readonly name?: unknown
  readonly relation?: unknown
  readonly toMiddleware?: unknown
}

/**
 * Every middleware of the client by identity, each with its place. A stack has no version to compare. It copies itself
 * into another, one middleware after the other, in about a microsecond; `identify()` takes longer, and does not tell
 * middlewares without names apart.
 */
const partsOf = (stack: Stack, { logger }: DynamoDBClientResolvedConfig): readonly unknown[] => {
  const parts: unknown[] = [logger]
  const add = (middleware: unknown, { step, priority, name, relation, toMiddleware }: Place): void => {
    parts.push(middleware, step, priority, name, relation, toMiddleware)
  }
  stack.applyToStack({ add, addRelativeTo: add } as unknown as Stack)
  return parts
}

const isSame = (parts: readonly unknown[], others: readonly unknown[]): boolean =>
  parts.length === others.length && parts.every((part, index) => part === others[index])

/**
 * On a command of its own, so that nothing of the first call lives as long as the chain; and without that call's options,
 * or its signal would end the retries of all later ones.
 */
const chainFor = (like: AnyCommand, stack: Stack, config: DynamoDBClientResolvedConfig): Chain => {
  const carrier = new (like.constructor as new (input: object) => AnyCommand)({})
  carrier.middlewareStack.add(
    (next, context) => {
      const { userAgent } = context
      return (args) => {
        Object.assign(context, { userAgent }) // older retry strategies add to it at each call, and the context is kept too
        return next(args)
      }
    },
    { step: 'initialize', priority: 'high', name: 'userAgentOfItsCall' },
  )
  carrier.middlewareStack.add(
    () => (args) => {
      const { requestHandler } = config
      type Request = Parameters<typeof requestHandler.handle>[0]
      const options = (args as { [OPTIONS]?: SendOptions })[OPTIONS] ?? {}
      return requestHandler.handle(args.request as Request, options).catch((error: unknown) => {
        const { httpAgent, httpsAgent } = agentsOf(requestHandler)
        closeIdle(httpAgent)
        closeIdle(httpsAgent)
        throw error
      })
    },
    { step: 'deserialize', priority: 'low', name: 'optionsOfItsCall' },
  )
  return carrier.resolveMiddleware(stack, config, {})
}

interface Agents {
  readonly httpAgent?: IdleAgent
  readonly httpsAgent?: IdleAgent
}

/** The SDK's handler over `node:http` tells its agents; others have none, or tell nothing. */
const agentsOf = (handler: object): Agents =>
  (handler as { httpHandlerConfigs?(): Agents }).httpHandlerConfigs?.() ?? {}

/** The chain's own pauses between two attempts know no signal: it is not theirs. */
const untilAborted = <T>(answer: Promise<T>, signal: AbortSignal | undefined): Promise<T> => {
  if (signal === undefined) return answer
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(new DOMException('The call was given up', 'AbortError'))
    const end = (): void => signal.removeEventListener('abort', abort)
    signal.addEventListener('abort', abort)
    answer.then(resolve, reject).finally(end)
    if (signal.aborted) abort()
  })
}
