import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { blocksOf, ROOT } from '../support/doc-blocks.ts'
import { databaseEnvironment, freshTable } from '../support/dynamodb.ts'
import { contextWith, payment } from '../support/http-events.ts'
import { type Answered, answered } from '../support/http-harness.ts'
import type { Provider } from '../support/provider.ts'
import { type ProviderName, type Providers, startProviders } from '../support/providers.ts'

const PAGE = 'docs/downstream.md'
const DIRECTORY = join(ROOT, 'test/downstream/.blocks')

type Handler = (event: unknown, context: unknown) => Promise<unknown>

/** What the provider promises, in seconds. `undefined`: nothing, so the example asks. */
const REMEMBERS: Readonly<Record<ProviderName, number | undefined>> = {
  STRIPE_URL: 86_400,
  PAYPAL_URL: 6 * 3_600,
  SQUARE_URL: undefined,
  EXPORTS_URL: 8 * 3_600,
  BANK_URL: undefined,
  TWILIO_URL: undefined,
}

const NAMES = Object.keys(REMEMBERS) as ProviderName[]

/** Each example reads the address of its provider from this variable. */
const textOf = (name: ProviderName): string => blocksOf(PAGE).find(({ text }) => text.includes(name))?.text ?? ''

let providers: Providers
const handlers = new Map<ProviderName, Handler>()

beforeAll(async () => {
  providers = await startProviders()
  Object.assign(process.env, {
    IDEMPOTENCY_TABLE: await freshTable(),
    ...databaseEnvironment(),
  })
  rmSync(DIRECTORY, { recursive: true, force: true })
  mkdirSync(DIRECTORY, { recursive: true })
  for (const name of NAMES) {
    const file = join(DIRECTORY, `${name.toLowerCase()}.ts`)
    writeFileSync(file, textOf(name))
    handlers.set(name, ((await import(pathToFileURL(file).href)) as { handler: Handler }).handler)
  }
})

afterAll(() => {
  providers.close()
  rmSync(DIRECTORY, { recursive: true, force: true })
})

/** One client with one idempotency key, and what its provider saw of it. */
const scene = (name: ProviderName) => {
  const provider: Provider = providers.of[name]
  const key = randomUUID()
  const { effects, asked } = provider
  const [effectsBefore, askedBefore] = [effects.length, asked.length]
  const post = async (amount: number, over: object = {}): Promise<Answered> =>
    answered(await handlers.get(name)?.(payment(key, { amount, ...CALL[name](amount), ...over }), contextWith()))
  return {
    provider,
    post,
    /** The status of the answer, or the name of the error. */
    outcome: (amount: number, over?: object): Promise<number | string> =>
      post(amount, over).then(
        ({ statusCode }) => statusCode,
        (error: Error) => error.name,
      ),
    effects: () => effects.length - effectsBefore,
    keys: () => asked.slice(askedBefore).map(provider.keyOf),
  }
}

/** Two amounts are two requests for each provider. */
const CALL: Readonly<Record<ProviderName, (amount: number) => object>> = {
  STRIPE_URL: () => ({}),
  PAYPAL_URL: (amount) => ({ order: `O-${amount}` }),
  SQUARE_URL: () => ({ source: 'cnon:card-nonce-ok' }),
  EXPORTS_URL: (amount) => ({ bucket: `bucket-${amount}` }),
  BANK_URL: () => ({ iban: 'DE02120300000000202051' }),
  TWILIO_URL: (amount) => ({ to: '+15550100', text: `${amount} EUR` }),
}

const DONE: Readonly<Record<ProviderName, number>> = {
  STRIPE_URL: 201,
  PAYPAL_URL: 201,
  SQUARE_URL: 201,
  EXPORTS_URL: 202,
  BANK_URL: 201,
  TWILIO_URL: 201,
}

/** These answer the key with the stored answer, so the example sends again. */
const KEYED: readonly ProviderName[] = ['STRIPE_URL', 'PAYPAL_URL', 'EXPORTS_URL']

test.each(NAMES)('The example of %s has one effect if the answer is lost.', async (name) => {
  const { provider, post, outcome, effects, keys } = scene(name)
  provider.next('lost')
  expect(await outcome(1)).not.toBe('NotDoneError')
  const { statusCode, body } = await post(1)
  expect(statusCode).toBe(name === 'TWILIO_URL' ? 409 : DONE[name])
  expect(body).toContain(name === 'TWILIO_URL' ? 'outcome-unknown' : provider.effects.at(-1)?.id)
  expect(effects()).toBe(1)
  expect(new Set(keys()).size).toBe(1)
  expect(keys()).toHaveLength(KEYED.includes(name) ? 2 : 1)
})

/** These never send again after a doubt. */
const AFTER_A_DOUBT: Readonly<Partial<Record<ProviderName, string>>> = {
  BANK_URL: 'outcome-pending',
  TWILIO_URL: 'outcome-unknown',
}

test.each(NAMES)('The example of %s has at most one effect if the connection breaks before it.', async (name) => {
  const { provider, post, outcome, effects, keys } = scene(name)
  provider.next('dropped')
  expect(await outcome(1)).not.toBe('NotDoneError')
  const { statusCode, headers, body } = await post(1)
  const code = AFTER_A_DOUBT[name]
  expect([statusCode, effects()]).toEqual(code === undefined ? [DONE[name], 1] : [409, 0])
  expect(keys()).toHaveLength(code === undefined ? 2 : 1)
  expect(new Set(keys()).size).toBe(1)
  if (code !== undefined) expect(body).toContain(code)
  if (name === 'BANK_URL') expect(Number(headers['retry-after'])).toBeGreaterThan(590)
})

test.each(NAMES)(
  'The example of %s lets the client correct a request that was refused, under a new key.',
  async (name) => {
    const { provider, outcome, effects, keys } = scene(name)
    provider.next(400)
    expect(await outcome(1)).toBe('NotDoneError')
    expect(await outcome(2)).toBe(DONE[name])
    expect([effects(), keys().length]).toEqual([1, 2])
    if (name !== 'TWILIO_URL') expect(new Set(keys()).size).toBe(2)
  },
)

test.each(['STRIPE_URL', 'SQUARE_URL'] as const)('The example of %s releases after a decline.', async (name) => {
  const { provider, outcome, keys } = scene(name)
  provider.next(402)
  expect(await outcome(1)).toBe('NotDoneError')
  expect(await outcome(1)).toBe(DONE[name])
  expect(new Set(keys()).size).toBe(2)
})

test.each(NAMES)('The example of %s binds its key to the request after a 500 and after a 409.', async (name) => {
  for (const status of [500, 409]) {
    const { provider, outcome, keys } = scene(name)
    provider.next(name === 'EXPORTS_URL' ? 500 : status)
    expect(await outcome(1)).not.toBe('NotDoneError')
    expect(await outcome(2)).toBe(422)
    await outcome(1)
    expect(new Set(keys()).size).toBe(1)
  }
})

test('After a doubt, a refusal does not let another request of Stripe run: the first may have been done.', async () => {
  const { provider, outcome, effects, keys } = scene('STRIPE_URL')
  provider.next('dropped')
  await outcome(1)
  provider.next(429)
  expect(await outcome(1)).toBe('NotDoneError')
  expect(await outcome(2)).toBe(422)
  expect(await outcome(1)).toBe(201)
  expect(effects()).toBe(1)
  expect(new Set(keys()).size).toBe(1)
})

test('The example of Square finds a payment on a later page.', async () => {
  const { provider, outcome, effects, keys } = scene('SQUARE_URL')
  provider.next('lost')
  await outcome(1)
  for (let others = 0; others < 4; others++) await scene('SQUARE_URL').outcome(1)
  expect(await outcome(1)).toBe(201)
  expect([effects(), keys().length]).toEqual([5, 5]) // its own and the four others: it was not sent again
})

test('The example of Square begins a new generation after a payment that failed for good.', async () => {
  const { provider, outcome, keys } = scene('SQUARE_URL')
  provider.next('lost')
  const source = 'cnon:fails-later'
  await outcome(1, { source })
  expect(await outcome(1, { source })).toBe(201)
  expect(new Set(keys()).size).toBe(2)
})

test.each(NAMES)('The example of %s reruns only while its provider remembers the key.', (name) => {
  const text = textOf(name)
  const seconds = /rerunWithinSeconds: ([\d_]+)/.exec(text)?.[1]?.replaceAll('_', '')
  if (REMEMBERS[name] === undefined) {
    expect(seconds).toBeUndefined()
    expect(text).toContain(name === 'TWILIO_URL' ? "inDoubt: 'stop'" : 'abandoned: reconcile(')
  } else {
    expect(Number(seconds)).toBeLessThan(REMEMBERS[name])
    expect(readFileSync(join(ROOT, PAGE), 'utf8')).toMatch(
      new RegExp(`\\| ${Number(seconds).toLocaleString('en')}[ ,]`),
    )
  }
})

/** Not the AWS client: Jest gives the SDK another `Error` class, and the SDK then throws an error without a code. */
const REACHED_BY_FETCH = NAMES.filter((name) => name !== 'EXPORTS_URL')

// The last test of the file, because it closes the providers.
test.each(REACHED_BY_FETCH)('The example of %s releases if its provider was not reached.', async (name) => {
  const { provider, outcome } = scene(name)
  provider.close()
  expect(await outcome(1)).toBe('NotDoneError')
  expect(await outcome(2)).toBe('NotDoneError') // another payload: it would be a mismatch if the first were in doubt
})
