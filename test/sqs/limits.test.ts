import { setTimeout as sleep } from 'node:timers/promises'
import { StoreMisconfiguredError, StoreUnavailableError } from '../../lib/index.ts'
import { NotDoneError, type SqsOptions, sqsHandler } from '../../lib/sqs/index.ts'
import { freshTable, readItem, testClient } from '../support/dynamodb.ts'
import {
  aContext,
  anEvent,
  aRecord,
  aTimedContext,
  fakeSqs,
  movedTo,
  type Order,
  orderOptions,
  redelivered,
  returned,
} from '../support/sqs.ts'

let tableName: string
beforeAll(async () => {
  tableName = await freshTable()
})

test('F6: at the deadline margin, messages that have not started are returned without a claim.', async () => {
  const options = orderOptions(tableName, { concurrency: 1, marginSeconds: 30 })
  const context = aTimedContext(60_000)
  const runs: string[] = []
  const handler = sqsHandler<Order>(({ body }) => {
    runs.push(body.orderId)
    context.pass(10_000)
  }, options)
  const records = ['a', 'b', 'c', 'd', 'e', 'f'].map((id) => aRecord(id))
  expect(returned(await handler(anEvent(...records), context))).toEqual(['d', 'e', 'f'])
  expect(runs).toEqual(['a', 'b', 'c'])
  expect(options.events.filter(({ type }) => type === 'claimed')).toHaveLength(3)
})

test.each([
  [30_000, 5_001, 4_999],
  [3_000, 1_001, 999],
  [900, 501, 499],
])('The default margin is a third of %i ms, at least 500 ms and at most 5 s.', async (began, enough, tooLittle) => {
  for (const [left, runs] of [
    [enough, 1],
    [tooLittle, 0],
  ] as const) {
    let ran = 0
    const handler = sqsHandler<Order>(() => void ran++, orderOptions(tableName))
    const answers = [began, left]
    const context = { getRemainingTimeInMillis: () => (answers.length > 1 ? (answers.shift() ?? left) : left) }
    await handler(anEvent(aRecord('a')), context)
    expect(ran).toBe(runs)
  }
})

test.each([0, -5, 400, 500])(
  'F6: an invocation that begins with %i ms, less than the default margin, throws.',
  async (left) => {
    let runs = 0
    const handler = sqsHandler<Order>(() => void runs++, orderOptions(tableName))
    await expect(handler(anEvent(aRecord('a')), { getRemainingTimeInMillis: () => left })).rejects.toThrow(
      `option "marginSeconds" is 0.5 by default; it must be less than the ${left / 1000} s with which the invocation began`,
    )
    expect(runs).toBe(0)
  },
)

test.each<[string, unknown]>([
  ['NaN', Number.NaN],
  ['a string', '5000'],
  ['null', null],
  ['an object', {}],
])('A remaining time that is %s is logged once, and limits nothing.', async (_, left) => {
  const lines: unknown[][] = []
  const { error: log } = console
  console.error = (...line) => void lines.push(line)
  let runs = 0
  const handler = sqsHandler<Order>(() => void runs++, orderOptions(tableName))
  const context = { getRemainingTimeInMillis: () => left as number }
  try {
    expect(returned(await handler(anEvent(aRecord('a'), aRecord('b')), context))).toEqual([])
    expect(returned(await handler(anEvent(aRecord('c')), context))).toEqual([])
  } finally {
    console.error = log
  }
  expect(runs).toBe(3)
  expect(lines).toEqual([
    [expect.stringMatching(/^lambda-once: getRemainingTimeInMillis\(\) answered .*must be a number of milliseconds/)],
  ])
})

test('A remaining time that is unknown or infinite is valid, and is not logged.', async () => {
  const lines: unknown[][] = []
  const { error: log } = console
  console.error = (...line) => void lines.push(line)
  const handler = sqsHandler<Order>(() => {}, orderOptions(tableName))
  const contexts = [{}, { getRemainingTimeInMillis: () => Number.POSITIVE_INFINITY }, undefined as never]
  try {
    for (const context of contexts) await handler(anEvent(aRecord('a')), context)
  } finally {
    console.error = log
  }
  expect(lines).toEqual([])
})

test('If the claim takes the time that the run needs, it is released, and the next delivery runs.', async () => {
  const base = orderOptions(tableName, { marginSeconds: 10 })
  const context = aTimedContext(20_000)
  const store = {
    ...base.store,
    claim: async (...args: Parameters<typeof base.store.claim>) => {
      const answer = await base.store.claim(...args)
      context.pass(12_000)
      return answer
    },
  }
  let runs = 0
  const handler = sqsHandler<Order>(() => void runs++, { ...base, store })
  expect(returned(await handler(anEvent(aRecord('a')), context))).toEqual(['a'])
  expect(runs).toBe(0)
  expect(base.events.map(({ type }) => type)).toEqual(['claimed', 'released'])
  expect(returned(await handler(redelivered(anEvent(aRecord('a'))), aContext()))).toEqual([])
  expect(runs).toBe(1)
})

test('F7: a message that the timeout interrupts delays no other message.', async () => {
  const options = orderOptions(tableName, { concurrency: 1, marginSeconds: 0 })
  const runs: string[] = []
  const handler = sqsHandler<Order>(async ({ body: { orderId } }) => {
    runs.push(orderId)
    if (orderId === '3' && runs.length === 3) await new Promise(() => {})
  }, options)
  const event = anEvent(...['1', '2', '3', '4', '5'].map((id) => aRecord(id)))
  // Lambda ends the process at the deadline. Here it hangs instead.
  const context = aContext(3_000)
  void handler(event, context)
  while (runs.length < 3) await sleep(10)
  expect(returned(await handler(redelivered(event), aContext()))).toEqual(['3'])
  expect(runs).toEqual(['1', '2', '3', '4', '5'])
  while (context.getRemainingTimeInMillis() > -2_500) await sleep(50) // the lease ends a second after the deadline
  expect(returned(await handler(redelivered(event), aContext()))).toEqual([])
  expect(runs).toEqual(['1', '2', '3', '4', '5', '3'])
})

test('F10: after maxRuns runs in doubt a message is claimed and not run, its record becomes FAILED, and it is returned until it is redriven.', async () => {
  const options = orderOptions(tableName)
  const keys = new Set<string>()
  let runs = 0
  const handler = sqsHandler<Order>((_, claim) => {
    runs++
    keys.add(claim?.recordKey ?? '')
    throw new Error('always')
  }, options)
  let event = anEvent(aRecord('bad'))
  for (let delivery = 1; delivery <= 5; delivery++) {
    expect(returned(await handler(event, aContext()))).toEqual(['bad'])
    expect(runs).toBe(Math.min(delivery, 3))
    event = redelivered(event)
  }
  const types = options.events.map(({ type }) => type)
  expect(types.filter((type) => type === 'poisoned')).toHaveLength(1)
  expect(types.slice(-4)).toEqual(['tookOver', 'poisoned', 'completed', 'replayed'])
  const item = await readItem(tableName, [...keys][0] ?? '')
  expect(item?.status).toEqual({ S: 'FAILED' })
  expect(Buffer.from(item?.outcome?.B ?? []).toString()).toContain('Poison: not run again after 3 runs')
})

describe('F10: a claim in doubt that runs nothing is not counted as a run', () => {
  type Claimed = Awaited<ReturnType<SqsOptions<Order>['store']['takeOver']>>

  /** A message whose handler always throws. */
  const aPoisonQueue = () => {
    const base = orderOptions(tableName, { maxRuns: 2, marginSeconds: 10 })
    let runs = 0
    let afterTakeOver: ((answer: Claimed) => Claimed) | undefined
    const store: typeof base.store = {
      ...base.store,
      takeOver: async (...args) => {
        const answer = await base.store.takeOver(...args)
        return afterTakeOver === undefined ? answer : afterTakeOver(answer)
      },
    }
    const fails = (): never => {
      runs++
      throw new Error('always')
    }
    const handler = sqsHandler<Order>(fails, { ...base, store })
    const event = anEvent(aRecord('a'))
    return {
      runs: () => runs,
      types: () => base.events.map(({ type }) => type),
      deliver: (how?: {
        readonly takeOver: (answer: Claimed) => Claimed
        readonly context?: ReturnType<typeof aTimedContext>
      }) => {
        afterTakeOver = how?.takeOver
        return handler(event, how?.context ?? aContext())
      },
    }
  }

  const expectOneMoreRun = async (queue: ReturnType<typeof aPoisonQueue>): Promise<void> => {
    expect(queue.runs()).toBe(1)
    await queue.deliver()
    expect(queue.runs()).toBe(2)
    expect(queue.types()).not.toContain('poisoned')
    await queue.deliver()
    expect(queue.runs()).toBe(2)
    expect(queue.types()).toContain('poisoned')
  }

  test('F10: if no time is left after the claim, a message becomes poison no earlier', async () => {
    const queue = aPoisonQueue()
    await queue.deliver()
    for (let delivery = 2; delivery <= 4; delivery++) {
      const context = aTimedContext(20_000)
      const takeOver = (answer: Claimed) => {
        context.pass(12_000)
        return answer
      }
      expect(returned(await queue.deliver({ takeOver, context }))).toEqual(['a'])
      expect(queue.types().slice(-2)).toEqual(['tookOver', 'abandoned'])
    }
    await expectOneMoreRun(queue)
  })

  test('F10: if the answer to the claim is lost, and the claim is given up, a message becomes poison no earlier', async () => {
    const queue = aPoisonQueue()
    await queue.deliver()
    for (let delivery = 2; delivery <= 4; delivery++) {
      const takeOver = (): never => {
        throw new StoreUnavailableError('the answer is lost')
      }
      await expect(queue.deliver({ takeOver })).rejects.toMatchObject({ code: 'idempotency-unavailable' })
    }
    await expectOneMoreRun(queue)
  })
})

test('A release is not a run in doubt: a message that throws NotDoneError each time never becomes poison.', async () => {
  const options = orderOptions(tableName, { maxRuns: 1 })
  let runs = 0
  const handler = sqsHandler<Order>(() => {
    if (++runs < 6) throw new NotDoneError('not yet')
  }, options)
  for (let delivery = 1; delivery < 6; delivery++) {
    expect(returned(await handler(anEvent(aRecord('a')), aContext()))).toEqual(['a'])
  }
  expect(returned(await handler(anEvent(aRecord('a')), aContext()))).toEqual([])
  expect(runs).toBe(6)
})

test('F11: a redelivered message is read first, and a finished one costs only that read.', async () => {
  const client = testClient()
  const commands: string[] = []
  client.middlewareStack.add(
    (next, context) => (args) => {
      commands.push(String((context as { commandName?: string }).commandName))
      return next(args)
    },
    { step: 'build' },
  )
  const handler = sqsHandler<Order>(() => {}, orderOptions(tableName, { client }))
  const event = anEvent(aRecord('a'))
  await handler(event, aContext())
  expect(commands.splice(0)).toEqual(['PutItemCommand', 'UpdateItemCommand'])
  await handler(redelivered(event), aContext())
  expect(commands.splice(0)).toEqual(['GetItemCommand'])
})

describe('F12', () => {
  const nowhere = () => testClient({ endpoint: 'http://127.0.0.1:9', maxAttempts: 1 })

  test('If the store is down for the whole batch, messages are delayed by receive count, the invocation throws, and nothing runs.', async () => {
    const sqs = fakeSqs()
    let runs = 0
    const handler = sqsHandler<Order>(
      () => void runs++,
      orderOptions(tableName, { client: nowhere(), visibility: 'move', sqs }),
    )
    const records = [1, 2, 3, 4, 50].map((receiveCount) => aRecord(`m-${receiveCount}`, { receiveCount }))
    await expect(handler(anEvent(...records), aContext())).rejects.toMatchObject({ code: 'idempotency-unavailable' })
    expect(runs).toBe(0)
    expect(movedTo(sqs)).toEqual({ 'm-1': 60, 'm-2': 300, 'm-3': 900, 'm-4': 900, 'm-50': 900 })
  })

  test('The invocation also throws on a FIFO queue, where only the first message of each group is tried.', async () => {
    const handler = sqsHandler<Order>(() => {}, orderOptions(tableName, { client: nowhere() }))
    const records = ['a', 'b', 'c'].map((id) => aRecord(id, { group: 'g' }))
    await expect(handler(anEvent(...records), aContext())).rejects.toMatchObject({ code: 'idempotency-unavailable' })
  })

  test('A large batch does not wait for the store once for each message.', async () => {
    const options = orderOptions(tableName, { concurrency: 2 })
    let claims = 0
    const store = {
      ...options.store,
      claim: async () => {
        claims++
        throw new StoreUnavailableError('down')
      },
    }
    const handler = sqsHandler<Order>(() => {}, { ...options, store })
    const records = Array.from({ length: 200 }, (_, index) => aRecord(`m-${index}`))
    await expect(handler(anEvent(...records), aContext())).rejects.toBeInstanceOf(StoreUnavailableError)
    expect(claims).toBeLessThanOrEqual(4)
  })

  test('If the store is down for one message only, that message is returned; a missing table throws with its own code.', async () => {
    const options = orderOptions(tableName)
    const runs: string[] = []
    let claims = 0
    const store = {
      ...options.store,
      claim: (...args: Parameters<typeof options.store.claim>) =>
        ++claims === 2 ? Promise.reject(new StoreUnavailableError('hot partition')) : options.store.claim(...args),
    }
    const handler = sqsHandler<Order>(({ body }) => void runs.push(body.orderId), { ...options, store })
    const event = anEvent(aRecord('a'), aRecord('b'), aRecord('c'))
    expect(returned(await handler(event, aContext()))).toEqual(['b'])
    expect(runs.sort()).toEqual(['a', 'c'])

    const missing = sqsHandler<Order>(() => {}, orderOptions('no-such-table'))
    await expect(missing(event, aContext())).rejects.toBeInstanceOf(StoreMisconfiguredError)
  })
})

test.each([10, 100, 1_000])(
  'A batch of %i works: each message costs two writes, and one read when it is redelivered.',
  async (size) => {
    const client = testClient({ maxAttempts: 3 })
    const counts: Record<string, number> = {}
    client.middlewareStack.add(
      (next, context) => (args) => {
        const name = String((context as { commandName?: string }).commandName)
        counts[name] = (counts[name] ?? 0) + 1
        return next(args)
      },
      { step: 'build' },
    )
    let runs = 0
    const handler = sqsHandler<Order>(() => void runs++, orderOptions(tableName, { client }))
    const event = anEvent(...Array.from({ length: size }, (_, index) => aRecord(`m-${index}`)))
    expect(returned(await handler(event, aContext(60_000)))).toEqual([])
    expect(runs).toBe(size)
    expect(counts).toEqual({ PutItemCommand: size, UpdateItemCommand: size })
    expect(returned(await handler(redelivered(event), aContext(60_000)))).toEqual([])
    expect(runs).toBe(size)
    expect(counts).toEqual({ PutItemCommand: size, UpdateItemCommand: size, GetItemCommand: size })
  },
  60_000,
)
