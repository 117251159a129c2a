import { randomUUID } from 'node:crypto'
import middy7 from '@middy/core'
import middy6 from '@middy/core-6'
import { claimOf, idempotent, type MiddyOptions } from '../../lib/http/index.ts'
import { memoryStore } from '../../lib/memory/index.ts'
import { contextWith, payment, type TestEvent } from '../support/http-events.ts'

const OPTIONS = { store: memoryStore(), operation: 'payments', tenant: 'single-tenant' } as const

type Given = readonly [claim: unknown, middy: MiddyOptions | undefined]

/** What the handler gets after event and context. */
const noting = (given: Given[]) =>
  idempotent(async (_event: TestEvent, context: object, claim, middy) => {
    given.push([claim === claimOf(context) && claim?.attempt, middy])
    await new Promise((resolve) => setTimeout(resolve, 60))
    return { statusCode: 201, body: String(middy?.signal.aborted) }
  }, OPTIONS)

type Handler = (event: TestEvent, context: object) => Promise<unknown>

describe.each<[string, (plugin: object) => { handler(base: never): unknown }]>([
  ['Middy 7', middy7 as never],
  ['Middy 6', middy6 as never],
])('the base handler of %s', (_, middy) => {
  test('gets the claim third, and what Middy gives it fourth: a signal that aborts at the early timeout', async () => {
    const given: Given[] = []
    const timeoutEarlyResponse = () => ({ statusCode: 504, body: 'early' })
    const handler = middy({ timeoutEarlyInMillis: 5, timeoutEarlyResponse }).handler(noting(given) as never) as Handler
    expect(await handler(payment(randomUUID()), contextWith(30))).toMatchObject({ statusCode: 504 })
    const [[claim, options] = []] = given
    expect(claim).toBe(1)
    expect(options?.signal).toBeInstanceOf(AbortSignal)
    expect(options?.signal.aborted).toBe(true)
    await new Promise((resolve) => setTimeout(resolve, 80))
  })

  test('gets it also on a method that passes through, where it has no claim', async () => {
    const given: Given[] = []
    const handler = middy({}).handler(noting(given) as never) as Handler
    await handler(payment('k', {}, { method: 'GET' }), contextWith())
    expect(given).toEqual([[undefined, { signal: expect.any(AbortSignal) }]])
  })
})

test.each<[string, unknown]>([
  ['nothing, as from nodejs24.x', undefined],
  ['a callback, as from the runtimes before it', () => {}],
])('a handler outside of Middy gets no fourth argument: %s', async (_, third) => {
  const given: Given[] = []
  const handler = noting(given) as unknown as (...given: unknown[]) => Promise<unknown>
  await handler(payment(randomUUID()), contextWith(), third)
  expect(given).toEqual([[1, undefined]])
})

test('nodejs24.x sees two parameters', () => {
  expect(noting([]).length).toBe(2)
})
