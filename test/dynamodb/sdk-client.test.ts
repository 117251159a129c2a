import { DynamoDBClient, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { itemStore } from '../../lib/dynamodb/item-store.ts'
import { leanDynamoDbStore } from '../../lib/dynamodb/lean/index.ts'
import { BOUNDED_CLIENT, ownItemClient, sdkItemClient } from '../../lib/dynamodb/sdk/sdk-client.ts'
import type { Store } from '../../lib/index.ts'
import { aClaim, completed, unhurried } from '../support/claims.ts'
import { CREDENTIALS, freshTable, REGION } from '../support/dynamodb.ts'
import { type FaultProxy, faultProxy, resetBefore, timeoutBefore } from '../support/fault-proxy.ts'
import { startStopwatch } from '../support/stopwatch.ts'

let proxy: FaultProxy
let tableName: string
beforeAll(async () => {
  tableName = await freshTable()
  proxy = await faultProxy()
})
beforeEach(() => proxy.script())
afterAll(() => proxy.close())

const settings = () => ({ endpoint: proxy.endpoint, region: REGION, credentials: CREDENTIALS })
const userClient = () => new DynamoDBClient({ ...BOUNDED_CLIENT, ...settings() })
const storeOver = (client: DynamoDBClient): Store =>
  itemStore({ tableName, client: sdkItemClient(client), skewSeconds: 2 })

const leanStoreAt = (endpoint: string): Store =>
  leanDynamoDbStore({ tableName, region: REGION, endpoint, credentials: CREDENTIALS })

const STORES: readonly (readonly [string, () => Store])[] = [
  ['The default client', () => itemStore({ tableName, client: ownItemClient(settings()), skewSeconds: 2 })],
  ['Your own client', () => storeOver(userClient())],
]

test.each(STORES)('%s: the signal of a call ends this call and no other.', async (_, open) => {
  const store = open()
  const claims = Array.from({ length: 4 }, () => aClaim())
  for (const claim of claims) await store.claim(claim, unhurried)
  await store.settle(aClaim(), completed(), unhurried) // the database's first call of a kind is the slowest
  proxy.script({ step: 'complete', nth: 1, fault: timeoutBefore }, { step: 'complete', nth: 3, fault: timeoutBefore })
  const controllers = claims.map(() => new AbortController())
  let answered = 0
  const answers = claims.map((claim, index) =>
    store.settle(claim, completed(), controllers[index]?.signal ?? unhurried).finally(() => answered++),
  )
  while (proxy.seen.length < 4 || answered < 2) await new Promise(setImmediate)
  const watch = startStopwatch()
  for (const controller of controllers) controller.abort()
  const kinds = await Promise.all(
    answers.map((answer) =>
      answer.then(
        ({ kind }) => kind,
        (error: Error) => error.name,
      ),
    ),
  )
  expect([...kinds].sort()).toEqual(['StoreUnavailableError', 'StoreUnavailableError', 'settled', 'settled'])
  expect(watch.stop()).toBeLessThan(600) // the client's own timeout is 900 ms
  expect(proxy.seen).toHaveLength(4) // an abandoned call is not sent again
})

test.each([...STORES, ['The client without the SDK', () => leanStoreAt(proxy.endpoint)]] as const)(
  '%s does not try one dead connection after another.',
  async (_, open) => {
    const store = open()
    await Promise.all(Array.from({ length: 10 }, () => store.claim(aClaim(), unhurried)))
    proxy.forget()
    expect(await store.claim(aClaim(), unhurried)).toEqual({ kind: 'claimed' })
  },
)

test.each(STORES)('%s does not send a request if its signal has already aborted.', async (_, open) => {
  const store = open()
  await store.claim(aClaim(), unhurried)
  proxy.script()
  await expect(store.claim(aClaim(), AbortSignal.abort())).rejects.toMatchObject({ name: 'StoreUnavailableError' })
  expect(proxy.seen).toHaveLength(0)
})

test.each(STORES)('%s still works after a first call whose caller gave up.', async (_, open) => {
  const store = open()
  await expect(store.claim(aClaim(), AbortSignal.abort())).rejects.toMatchObject({ name: 'StoreUnavailableError' })
  const controller = new AbortController()
  await store.claim(aClaim(), controller.signal)
  controller.abort()
  proxy.script({ step: 'claim', nth: 1, fault: resetBefore })
  await expect(store.claim(aClaim(), unhurried)).resolves.toEqual({ kind: 'claimed' })
  expect(proxy.seen).toHaveLength(2)
})

test('Each call goes through all middlewares of your client, first to last.', async () => {
  const client = userClient()
  const met: string[] = []
  client.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        met.push(`initialize ${commandName}`)
        return next(args)
      },
    { step: 'initialize' },
  )
  client.middlewareStack.add(
    (next) => async (args) => {
      met.push('deserialize')
      return next(args)
    },
    { step: 'deserialize', priority: 'low' },
  )
  const store = storeOver(client)
  for (const claim of [aClaim(), aClaim()]) {
    await store.claim(claim, unhurried)
    await store.settle(claim, completed(), unhurried)
  }
  const once = ['initialize PutItemCommand', 'deserialize', 'initialize UpdateItemCommand', 'deserialize']
  expect(met).toEqual([...once, ...once])
})

describe('A change of the client’s middlewares after its first call applies to the next call:', () => {
  /** A middleware that adds its name to a list at each call. */
  const noting =
    (name: string, met: string[]) =>
    <Args, Answer>(next: (args: Args) => Promise<Answer>) =>
    (args: Args): Promise<Answer> => {
      met.push(name)
      return next(args)
    }
  type Noting = ReturnType<typeof noting>

  /** The middlewares that run in one call of each kind after the change. Each kind has its chain before. */
  const metAfter = async (
    prepare: (client: DynamoDBClient, met: string[]) => void,
    change: (client: DynamoDBClient, met: string[]) => void,
  ): Promise<readonly string[]> => {
    const client = userClient()
    const met: string[] = []
    prepare(client, met)
    const store = storeOver(client)
    const callEach = async () => {
      const claim = aClaim()
      await store.claim(claim, unhurried)
      await store.settle(claim, completed(), unhurried)
      await store.peek(claim.recordKey, unhurried)
    }
    await callEach()
    change(client, met)
    met.length = 0
    await callEach()
    return met
  }

  const nothing = () => {}
  const named = (name: string) => ({ step: 'build', name }) as const

  test('one that is added', async () => {
    const met = await metAfter(nothing, ({ middlewareStack }, list) => {
      middlewareStack.add(noting('added', list), { step: 'initialize' })
    })
    expect(met).toEqual(['added', 'added', 'added'])
  })

  test('one that is added by a plugin, as a tracer does', async () => {
    const met = await metAfter(nothing, ({ middlewareStack }, list) => {
      middlewareStack.use({ applyToStack: (stack) => stack.add(noting('tracer', list), named('tracer')) })
    })
    expect(met).toEqual(['tracer', 'tracer', 'tracer'])
  })

  test('one that is added relative to another', async () => {
    const met = await metAfter(
      ({ middlewareStack }, list) => middlewareStack.add(noting('first', list), named('first')),
      ({ middlewareStack }, list) =>
        middlewareStack.addRelativeTo(noting('before', list), { relation: 'before', toMiddleware: 'first' }),
    )
    expect(met.slice(0, 2)).toEqual(['before', 'first'])
  })

  test('one that is removed', async () => {
    const met = await metAfter(
      ({ middlewareStack }, list) => middlewareStack.add(noting('gone', list), named('gone')),
      ({ middlewareStack }) => void middlewareStack.remove('gone'),
    )
    expect(met).toEqual([])
  })

  test('one that replaces another of the same name', async () => {
    const met = await metAfter(
      ({ middlewareStack }, list) => middlewareStack.add(noting('old', list), named('same')),
      ({ middlewareStack }, list) =>
        middlewareStack.add(noting('new', list), { ...named('same'), priority: 'normal', override: true }),
    )
    expect(met).toEqual(['new', 'new', 'new'])
  })

  test('one without a name that replaces another without a name', async () => {
    let old: Noting
    const met = await metAfter(
      ({ middlewareStack }, list) => {
        old = noting('old', list)
        middlewareStack.add(old, { step: 'build' })
      },
      ({ middlewareStack }, list) => {
        middlewareStack.remove(old)
        middlewareStack.add(noting('new', list), { step: 'build' })
      },
    )
    expect(met).toEqual(['new', 'new', 'new'])
  })

  test('one that moves to another step', async () => {
    let moved: Noting
    const met = await metAfter(
      ({ middlewareStack }, list) => {
        middlewareStack.add(noting('fixed', list), { step: 'build' })
        moved = noting('moved', list)
        middlewareStack.add(moved, { step: 'finalizeRequest' })
      },
      ({ middlewareStack }) => {
        middlewareStack.remove(moved)
        middlewareStack.add(moved, { step: 'initialize' })
      },
    )
    expect(met.slice(0, 2)).toEqual(['moved', 'fixed'])
  })
})

test('After a change the new chain is kept.', async () => {
  const client = userClient()
  const store = storeOver(client)
  await store.claim(aClaim(), unhurried)
  let made = 0
  client.middlewareStack.add(
    (next) => {
      made++
      return next
    },
    { step: 'build' },
  )
  for (let call = 0; call < 3; call++) await store.claim(aClaim(), unhurried)
  expect(made).toBe(1)
})

test('A replacement of the client’s send gets the command, its input and its signal.', async () => {
  const sent: { readonly command: unknown; readonly signal: unknown }[] = []
  const send = async (command: unknown, options?: { abortSignal?: unknown }) => {
    sent.push({ command, signal: options?.abortSignal })
    return { $metadata: {} }
  }
  const store = itemStore({
    tableName,
    client: sdkItemClient({ send: send as unknown as DynamoDBClient['send'] }),
    skewSeconds: 2,
  })
  const claim = aClaim()
  await store.claim(claim, unhurried)
  await store.settle(claim, completed(), unhurried)
  expect(sent).toEqual([
    { command: expect.any(PutItemCommand), signal: unhurried },
    { command: expect.any(UpdateItemCommand), signal: unhurried },
  ])
  expect(sent[0]?.command).toHaveProperty('input.Item.pk.S', claim.recordKey)
})

test('A client that two stores share serves both.', async () => {
  const client = userClient()
  const [one, other] = [storeOver(client), storeOver(client)]
  const claim = aClaim()
  await expect(one.claim(claim, unhurried)).resolves.toEqual({ kind: 'claimed' })
  await expect(other.claim(aClaim({ recordKey: claim.recordKey }), unhurried)).resolves.toMatchObject({
    kind: 'occupied',
  })
})

test('The chain of middlewares is built once for each kind of call, whatever its options.', async () => {
  const client = userClient()
  const made: (string | undefined)[] = []
  client.middlewareStack.add(
    (next, { commandName }) => {
      made.push(commandName)
      return next
    },
    { step: 'build' },
  )
  const store = storeOver(client)
  for (const claim of [aClaim(), aClaim(), aClaim()]) {
    await store.claim(claim, new AbortController().signal)
    await store.settle(claim, completed(), new AbortController().signal)
  }
  expect(made).toEqual(['PutItemCommand', 'UpdateItemCommand'])
})

/** Records what reaches the client's request handler from now on. The handler is the last step before the network. */
const handedOver = (client: DynamoDBClient) => {
  const { requestHandler } = client.config
  const handed: { readonly userAgent: unknown; readonly options: object | undefined }[] = []
  client.config.requestHandler = {
    ...requestHandler,
    handle: (request, options) => {
      handed.push({ userAgent: request.headers['user-agent'], options })
      return requestHandler.handle(request, options)
    },
  } as typeof requestHandler
  return handed
}

type Send = (command: unknown, options?: object) => Promise<never>

test('A wrapper of the client’s send may add options to a call.', async () => {
  const client = userClient()
  const send = client.send.bind(client) as Send
  const store = itemStore({
    tableName,
    client: sdkItemClient({
      send: ((command: unknown, options?: object) =>
        send(command, { ...options, requestTimeout: 800 })) as DynamoDBClient['send'],
    }),
    skewSeconds: 2,
  })
  await store.claim(aClaim(), unhurried)
  const handed = handedOver(client)
  await store.claim(aClaim(), unhurried)
  expect(handed).toMatchObject([{ options: { abortSignal: unhurried, requestTimeout: 800 } }])
})

test('A call keeps its signal if a middleware replaces the input.', async () => {
  const client = userClient()
  client.middlewareStack.add(
    (next) => (args) => next({ ...args, input: { ...args.input, ReturnConsumedCapacity: 'TOTAL' } }),
    { step: 'initialize' },
  )
  const handed = handedOver(client)
  await storeOver(client).claim(aClaim(), unhurried)
  expect(handed).toMatchObject([{ options: { abortSignal: unhurried } }])
})

test('An older retry strategy does not make the user agent longer at each call.', async () => {
  const older = { mode: 'standard', retry: (next: (args: object) => unknown, args: object) => next(args) }
  const client = new DynamoDBClient({ ...settings(), retryStrategy: older as never })
  const handed = handedOver(client)
  const store = storeOver(client)
  for (let call = 0; call < 3; call++) await store.claim(aClaim(), unhurried)
  const [first, ...later] = handed.map(({ userAgent }) => userAgent)
  expect(later).toEqual([first, first])
})

test('A send that tries another client with the same command gets its answer.', async () => {
  const down = new DynamoDBClient({ ...BOUNDED_CLIENT, ...settings(), endpoint: 'http://127.0.0.1:1' })
  const up = userClient()
  const send = (command: never, options: never) => down.send(command, options).catch(() => up.send(command, options))
  const store = itemStore({
    tableName,
    client: sdkItemClient({ send: send as unknown as DynamoDBClient['send'] }),
    skewSeconds: 2,
  })
  for (const claim of [aClaim(), aClaim()])
    await expect(store.claim(claim, unhurried)).resolves.toEqual({ kind: 'claimed' })
})

test('A middleware that is added to one command runs for that command only.', async () => {
  const client = userClient()
  const send = client.send.bind(client) as Send
  const ran: number[] = []
  let calls = 0
  const wrapped = (command: PutItemCommand, options?: object) => {
    const call = ++calls
    if (call !== 2)
      command.middlewareStack.add(
        (next) => (args) => {
          ran.push(call)
          return next(args)
        },
        { step: 'build' },
      )
    return send(command, options)
  }
  const store = itemStore({
    tableName,
    client: sdkItemClient({ send: wrapped as unknown as DynamoDBClient['send'] }),
    skewSeconds: 2,
  })
  for (let call = 0; call < 3; call++) await store.claim(aClaim(), unhurried)
  expect(ran).toEqual([1, 3])
})

test('If the caller gives up between two attempts, the call ends at once, not after the pause.', async () => {
  const controller = new AbortController()
  const pause = (milliseconds: number) => ({ getRetryCount: () => 1, getRetryDelay: () => milliseconds })
  const patient = {
    acquireInitialRetryToken: async () => pause(0),
    refreshRetryTokenForRetry: async () => {
      if (controller.signal.aborted) throw new Error('no more')
      return pause(5_000)
    },
    recordSuccess: () => {},
  }
  const client = new DynamoDBClient({ ...settings(), retryStrategy: patient })
  proxy.script({ step: 'claim', nth: 1, fault: resetBefore })
  const watch = startStopwatch()
  const answer = storeOver(client).claim(aClaim(), controller.signal)
  setTimeout(() => controller.abort(), 200)
  await expect(answer).rejects.toMatchObject({ name: 'StoreUnavailableError' })
  expect(watch.stop()).toBeLessThan(4_000)
  expect(proxy.seen).toHaveLength(1)
}, 10_000)
