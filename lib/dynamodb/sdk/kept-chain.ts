import type { DynamoDBClientResolvedConfig, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { closeIdle, type IdleAgent } from '../idle-sockets.ts'

/** The commands are alike in the members used here, but their types differ. One represents them all. */
type AnyCommand = PutItemCommand
type Resolve = AnyCommand['resolveMiddleware']
type Stack = Parameters<Resolve>[0]
type Chain = ReturnType<Resolve>

/** Carries the options of one `send` through the chain. */
const OPTIONS = Symbol('options')

interface SendOptions {
  readonly abortSignal?: AbortSignal
}

interface KeptChain {
  readonly chain: Chain
  /** The middlewares that it was built from. */
  readonly parts: readonly unknown[]
}

/**
 * The SDK builds its chain of middlewares again for each call, which takes a quarter of the call's CPU time. Here the chain
 * of a client's first command serves all later commands of its kind, until the client's middlewares change. The SDK's own
 * `cacheMiddleware` does the same, but not for calls with their own options. Commands still go through the client's `send`,
 * so a wrapped or mocked `send` sees each of them. A command with its own middlewares gets its own chain.
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
 * The client's middlewares by identity, each with its position. A stack has no version to compare, but it can copy its
 * middlewares into another stack in about a microsecond. `identify()` takes longer, and cannot distinguish middlewares
 * without names.
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
 * Builds the chain on a new command, so the chain keeps nothing of the first call alive. It gets no options: the first
 * call's signal would end the retries of all later calls.
 */
const chainFor = (like: AnyCommand, stack: Stack, config: DynamoDBClientResolvedConfig): Chain => {
  const carrier = new (like.constructor as new (input: object) => AnyCommand)({})
  carrier.middlewareStack.add(
    (next, context) => {
      const { userAgent } = context
      return (args) => {
        // Older retry strategies add to it at each call, and all calls share the context.
        Object.assign(context, { userAgent })
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

/** Only the SDK's handler over `node:http` exposes its agents. */
const agentsOf = (handler: object): Agents =>
  (handler as { httpHandlerConfigs?(): Agents }).httpHandlerConfigs?.() ?? {}

/** Rejects when the signal aborts. The kept chain has no signal, so its pauses between attempts do not end by themselves. */
const untilAborted = <T>(answer: Promise<T>, signal: AbortSignal | undefined): Promise<T> => {
  if (signal === undefined) return answer
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(new DOMException('The caller has given up', 'AbortError'))
    const end = (): void => signal.removeEventListener('abort', abort)
    signal.addEventListener('abort', abort)
    answer.then(resolve, reject).finally(end)
    if (signal.aborted) abort()
  })
}
