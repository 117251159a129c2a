import { createError } from '@middy/util'
import {
  claimOf,
  type HttpOptions,
  idempotency,
  idempotent,
  NotDoneError,
  storeDeterministic,
  storeEverything,
} from '../../lib/http/index.ts'
import { type HandlerClaim, once } from '../../lib/index.ts'
import { memoryStore } from '../../lib/memory/index.ts'
import { sqsHandler } from '../../lib/sqs/index.ts'
import { DOWNSTREAM_ERRORS } from '../support/downstream-errors.ts'
import { contextWith, payment, type TestEvent } from '../support/http-events.ts'
import { answered } from '../support/http-harness.ts'
import { chainOf, MIDDYS, type Middy } from '../support/middy-chain.ts'
import { aContext, anEvent, aRecord } from '../support/sqs.ts'

type Work = (claim: HandlerClaim | undefined) => unknown

interface Attempts {
  readonly send: (payload: number) => Promise<unknown>
  /** How the claims ended, oldest first. */
  readonly endings: readonly string[]
}

type Form = (work: Work, over?: Partial<HttpOptions<TestEvent>>) => Attempts

const ENDINGS = ['completed', 'released', 'abandoned']

const watched = (over: Partial<HttpOptions<TestEvent>> = {}) => {
  const endings: string[] = []
  const options: HttpOptions<TestEvent> = {
    store: memoryStore(),
    operation: 'payments',
    tenant: 'single-tenant',
    observe: ({ type }) => {
      if (ENDINGS.includes(type)) endings.push(type)
    },
    ...over,
  }
  return { endings, options }
}

const hooks =
  (middy: Middy): Form =>
  (work, over) => {
    const { endings, options } = watched(over)
    const handler = chainOf(middy, [idempotency(options)], async (_event, context) => work(claimOf(context)))
    return { endings, send: (payload) => handler(payment('k', payload), contextWith()) }
  }

const wrapper: Form = (work, over) => {
  const { endings, options } = watched(over)
  const handler = idempotent((_event: TestEvent, _context, claim) => work(claim), options)
  return { endings, send: (payload) => handler(payment('k', payload), contextWith()) }
}

const FORMS: Readonly<Record<string, Form>> = {
  wrapper,
  ...Object.fromEntries(MIDDYS.map(([version, middy]) => [`hooks, Middy ${version}`, hooks(middy)])),
  once: (work) => {
    const { endings, options } = watched()
    const { store, operation, observe } = options
    const run = once({ store, operation, observe })
    return { endings, send: (payload) => run({ key: 'k', tenant: 't', payload }, work) }
  },
  sqs: (work) => {
    const { endings, options } = watched()
    const { store, operation, observe } = options
    const worker = sqsHandler<{ key: string }>((_message, claim) => work(claim), {
      ...{ store, operation, observe },
      tenant: 'single-tenant',
      key: ({ key }) => key,
      onError: () => {},
    })
    const send = (payload: number) =>
      worker(anEvent(aRecord('m', { body: JSON.stringify({ key: 'k', payload }) })), aContext())
    return { endings, send }
  },
}

/** A provider that keeps keys, and a handler whose second call fails the first time. */
const chargeThenFail = (thrown: unknown): { readonly work: Work; readonly charges: () => number } => {
  const keys = new Set<string | undefined>()
  let fails = true
  return {
    charges: () => keys.size,
    work: (claim) => {
      keys.add(claim?.downstreamKey('charge'))
      if (fails) {
        fails = false
        throw thrown
      }
      return { statusCode: 201, body: 'paid' }
    },
  }
}

const CASES = Object.entries(FORMS).flatMap(([form, make]) =>
  Object.entries(DOWNSTREAM_ERRORS).map(([client, make404]) => [form, client, make, make404] as const),
)

test.each(CASES)('C4: in %s a 404 of the %s client abandons: one charge', async (_form, _client, make, make404) => {
  const { work, charges } = chargeThenFail(make404())
  const { send, endings } = make(work)
  await send(1).catch(() => {})
  await send(1)
  expect(endings).toEqual(['abandoned', 'completed'])
  expect(charges()).toBe(1)
})

/** As http-errors 2 makes them: what the client may see is on the prototype of the class. */
class NotFoundError extends Error {}
Object.assign(NotFoundError.prototype, { status: 404, statusCode: 404, expose: true })

const MEANT_FOR_THE_CLIENT: Readonly<Record<string, () => unknown>> = {
  http_errors: () => new NotFoundError('no such account'),
  Middy: () => createError(404, 'no such account'),
}

describe.each(Object.entries(MEANT_FOR_THE_CLIENT))('an error of %s', (_, make404) => {
  test('C4: releases in the wrapper form: any payload runs, under new downstream keys', async () => {
    const { work, charges } = chargeThenFail(make404())
    const { send, endings } = wrapper(work)
    await expect(send(1)).rejects.toThrow('no such account')
    expect(answered(await send(2)).statusCode).toBe(201)
    expect(endings).toEqual(['released', 'completed'])
    expect(charges()).toBe(2)
  })

  test.each([
    ['storeDeterministic', storeDeterministic],
    ['storeEverything', storeEverything],
  ])('E9: is stored by %s, and thrown again without a run', async (_name, outcomes) => {
    const { work, charges } = chargeThenFail(make404())
    const { send, endings } = wrapper(work, { outcomes })
    await expect(send(1)).rejects.toThrow('no such account')
    await expect(send(1)).rejects.toMatchObject({ message: 'no such account', statusCode: 404, expose: true })
    expect(endings).toEqual(['completed'])
    expect(charges()).toBe(1)
  })

  test.each(Object.entries(FORMS).filter(([name]) => name !== 'wrapper'))(
    'C4, C6: abandons in %s, where it cannot be known for whose request it is meant',
    async (_form, make) => {
      const { work, charges } = chargeThenFail(make404())
      const { send, endings } = make(work)
      await send(1).catch(() => {})
      await send(1)
      expect(endings).toEqual(['abandoned', 'completed'])
      expect(charges()).toBe(1)
    },
  )
})

test.each<[string, unknown]>([
  ['a 4xx that is not for the client', Object.assign(new Error('x'), { statusCode: 404, expose: false })],
  ['a 5xx', Object.assign(new Error('x'), { statusCode: 503, expose: true })],
  ['a status in another member', Object.assign(new Error('x'), { status: 404, expose: true })],
  ['a status that is text', Object.assign(new Error('x'), { statusCode: '404', expose: true })],
  ['an expose that is only truthy', Object.assign(new Error('x'), { statusCode: 404, expose: 1 })],
])('C4: in the wrapper form %s abandons', async (_, thrown) => {
  const { work } = chargeThenFail(thrown)
  const { send, endings } = wrapper(work)
  await expect(send(1)).rejects.toBe(thrown)
  expect(endings).toEqual(['abandoned'])
})

test('C4: a NotDoneError with a status releases in each form, and answers as the host of its error reads it', async () => {
  const error = new NotDoneError('out of stock', { statusCode: 409, expose: true, cause: 'stock' })
  expect(error).toMatchObject({ statusCode: 409, expose: true, cause: 'stock' })
  for (const make of Object.values(FORMS)) {
    const { work } = chargeThenFail(error)
    const { send, endings } = make(work)
    await send(1).catch((thrown: unknown) => expect(thrown).toBe(error))
    expect(endings).toEqual(['released'])
  }
})
