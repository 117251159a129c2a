import { type RunningProvider, startProvider } from '../../local/provider/start-provider.ts'

const REMEMBER_SECONDS = 60

let provider: RunningProvider
let now: number
/** Ends the wait of `tok_slow`. */
let goOn: () => void

beforeEach(async () => {
  now = Date.parse('2026-11-28T12:00:00Z')
  const slow = new Promise<void>((resolve) => {
    goOn = resolve
  })
  provider = await startProvider({ rememberSeconds: REMEMBER_SECONDS, now: () => now, wait: () => slow })
})
afterEach(() => provider.stop())

interface Answer {
  readonly status: number
  readonly replayed: boolean
  readonly body: Record<string, unknown>
}

const answerOf = async (response: Response): Promise<Answer> => ({
  status: response.status,
  replayed: response.headers.get('idempotent-replayed') === 'true',
  body: (await response.json()) as Record<string, unknown>,
})

const post = async (path: string, key: string | undefined, body: unknown): Promise<Answer> =>
  answerOf(
    await fetch(provider.url + path, {
      method: 'POST',
      headers: key === undefined ? {} : { 'idempotency-key': key },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    }),
  )

const order = (source = 'tok_ok', amount = 1_999): object => ({ amount, currency: 'EUR', source, reference: 'acme' })
const charge = (key: string, source?: string, amount?: number) => post('/charges', key, order(source, amount))
const list = async (query = ''): Promise<Answer> => answerOf(await fetch(`${provider.url}/charges${query}`))
const charges = async (query = ''): Promise<readonly Record<string, unknown>[]> =>
  (await list(query)).body.charges as readonly Record<string, unknown>[]
const codeOf = ({ status, body }: Answer): unknown => [status, (body.error as { code: string }).code]

test('A charge is made once for each key: a retry gets the first answer.', async () => {
  const first = await charge('k1')
  expect(first).toEqual({
    status: 201,
    replayed: false,
    body: {
      id: expect.stringMatching(/^ch_[0-9a-f-]{36}$/),
      key: 'k1',
      status: 'succeeded',
      amount: 1_999,
      currency: 'EUR',
      source: 'tok_ok',
      reference: 'acme',
      createdAt: '2026-11-28T12:00:00.000Z',
    },
  })
  now += 1_000
  expect(await charge('k1')).toEqual({ ...first, replayed: true })
  expect(await charges()).toEqual([first.body])
  expect((await charge('k2')).body.id).not.toBe(first.body.id)
})

test('The same key with another body, or at another path, is refused, and does nothing.', async () => {
  const { body } = await charge('k1')
  expect(codeOf(await charge('k1', 'tok_ok', 2_999))).toEqual([422, 'key-reused'])
  expect(codeOf(await post('/refunds', 'k1', order()))).toEqual([422, 'key-reused'])
  expect(await charges()).toEqual([body])
})

test('A key at work gets 409, however long it works, and the answer after that.', async () => {
  const slow = charge('k1', 'tok_slow')
  while ((await charge('k1', 'tok_slow')).status !== 409) await charges()
  now += REMEMBER_SECONDS * 1_000
  expect(codeOf(await charge('k1', 'tok_slow'))).toEqual([409, 'key-at-work'])
  expect(codeOf(await charge('k1', 'tok_ok'))).toEqual([422, 'key-reused'])
  expect(await charges()).toEqual([])
  goOn()
  expect((await slow).status).toBe(201)
  expect(await charges()).toHaveLength(1)
})

test('A key is remembered for the configured time. After it, the same request is a new charge.', async () => {
  await charge('k1')
  now += REMEMBER_SECONDS * 1_000 - 1
  expect(await charge('k1')).toMatchObject({ status: 201, replayed: true })
  now += 1
  expect(await charge('k1')).toMatchObject({ status: 201, replayed: false })
  expect(await charges('?key=k1')).toHaveLength(2)
})

test('The list is found by key and by reference, also after the key is forgotten.', async () => {
  const { body: first } = await charge('k1')
  const { body: second } = await post('/charges', 'k2', { amount: 5, currency: 'USD', source: 'tok_ok' })
  now += REMEMBER_SECONDS * 1_000
  expect(await charges('?key=k1')).toEqual([first])
  expect(await charges('?reference=acme')).toEqual([first])
  expect(await charges('?key=k2&reference=acme')).toEqual([])
  expect(await charges('?key=k3')).toEqual([])
  expect(await charges()).toEqual([first, second])
})

test.each(['?keys=k1', '?key=k1&key=k2'])(
  'A list of %s is refused: a typing error must not list all charges.',
  async (query) => {
    expect(codeOf(await list(query))).toEqual([400, 'invalid'])
  },
)

test('A declined card gets 402, also under the same key. The list shows a failed charge.', async () => {
  const declined = await charge('k1', 'tok_declined')
  expect(codeOf(declined)).toEqual([402, 'card-declined'])
  expect(await charge('k1', 'tok_declined')).toEqual({ ...declined, replayed: true })
  expect(await charges()).toEqual([expect.objectContaining({ key: 'k1', status: 'failed' })])
})

test('A connection that is cut before the charge leaves nothing, and the retry charges.', async () => {
  await expect(charge('k1', 'tok_cut_before')).rejects.toThrow('fetch failed')
  expect(await charges()).toEqual([])
  expect(await charge('k1', 'tok_cut_before')).toMatchObject({ status: 201, replayed: false })
  expect(await charges()).toHaveLength(1)
})

test('A connection that is cut after the charge leaves a charge, and the retry gets it.', async () => {
  await expect(charge('k1', 'tok_cut_after')).rejects.toThrow('fetch failed')
  const [made] = await charges('?key=k1')
  expect(await charge('k1', 'tok_cut_after')).toEqual({ status: 201, replayed: true, body: made })
  expect(await charges()).toHaveLength(1)
})

test('An error is kept under its key, as Stripe does, and an unavailable provider keeps nothing.', async () => {
  expect(codeOf(await charge('k1', 'tok_error'))).toEqual([500, 'error'])
  expect((await charge('k1', 'tok_error')).replayed).toBe(true)
  expect(codeOf(await charge('k2', 'tok_unavailable'))).toEqual([503, 'unavailable'])
  expect(await charge('k2')).toMatchObject({ status: 201, replayed: false })
})

test.each([
  [{ ...order(), amount: 0 }, 'amount'],
  [{ ...order(), amount: '1' }, 'amount'],
  [{ ...order(), currency: 'euro' }, 'currency'],
  [{ ...order(), reference: 1 }, 'reference'],
  [{ ...order(), source: 'toString' }, 'source'],
  ['[]', 'amount'],
  ['not JSON', 'amount'],
])('An invalid charge (%j) is refused before it begins, so its key stays free.', async (body, field) => {
  const refused = await post('/charges', 'k1', body)
  expect([refused.status, refused.body.error]).toEqual([400, expect.objectContaining({ code: 'invalid', field })])
  expect((await charge('k1')).status).toBe(201)
})

test('A POST without a key is refused.', async () => {
  expect(codeOf(await post('/charges', undefined, order()))).toEqual([400, 'invalid'])
  expect(await charges()).toEqual([])
})

test('Refunds take no more than was charged, and each key refunds once.', async () => {
  const { id } = (await charge('k1')).body
  const refunded = await post('/refunds', 'r1', { charge: id, amount: 1_500 })
  expect([refunded.status, refunded.body]).toEqual([
    201,
    { id: expect.stringMatching(/^re_/), key: 'r1', charge: id, amount: 1_500, createdAt: expect.any(String) },
  ])
  expect(await post('/refunds', 'r1', { charge: id, amount: 1_500 })).toEqual({ ...refunded, replayed: true })
  const tooMuch = await post('/refunds', 'r2', { charge: id, amount: 500 })
  expect(tooMuch.body.error).toMatchObject({ field: 'amount', rule: expect.stringContaining('at most 499') })
  expect((await post('/refunds', 'r2', { charge: id, amount: 499 })).status).toBe(201)
})

test('A declined or unknown charge cannot be refunded.', async () => {
  await charge('k1', 'tok_declined')
  const [{ id } = {}] = await charges()
  expect((await post('/refunds', 'r1', { charge: id, amount: 1 })).body.error).toMatchObject({ field: 'amount' })
  expect((await post('/refunds', 'r2', { charge: 'ch_none', amount: 1 })).body.error).toMatchObject({ field: 'charge' })
})

test.each([
  ['GET', '/refunds'],
  ['PUT', '/charges'],
  ['POST', '/'],
])('%s %s does not exist.', async (method, path) => {
  expect(codeOf(await answerOf(await fetch(provider.url + path, { method })))).toEqual([404, 'not-found'])
})

test('It listens on 127.0.0.1 only.', () => expect(provider.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/))

test('It never ends an idle connection: a charge that is sent into a connection that ends would be in doubt.', async () => {
  const { headers } = await fetch(`${provider.url}/charges`)
  expect([headers.get('connection'), headers.get('keep-alive')]).toEqual(['keep-alive', null])
})

test.each([0, -1, Number.NaN])('A memory of %p seconds is refused.', async (rememberSeconds) => {
  await expect(startProvider({ rememberSeconds })).rejects.toThrow(
    `rememberSeconds is ${rememberSeconds}; it must be more than 0`,
  )
})
