import { codeOf, newKey, send, standing } from '../call.ts'
import { door } from '../target.ts'

/** Each test has its own path, because the raw path is the route in some of these. */
const DOORS = [
  ['a REST API', () => `${door('RestUrl')}/doors/1`, () => `${door('RestUrl')}/doors/1`],
  ['a function URL', () => `${door('FunctionUrl')}doors/1`, () => `${door('FunctionUrl')}other/1`],
] as const

const post = (url: string, key: string | readonly string[] | undefined, body: unknown = { a: 1 }) =>
  send({ method: 'POST', url, body, ...(key === undefined ? {} : { headers: { 'Idempotency-Key': key } }) })

describe.each(DOORS)('E8: through %s', (_name, url, elsewhere) => {
  test('the first answer is stored, and a retry gets it byte for byte', async () => {
    const key = newKey()
    const [first, retry] = [await post(url(), key), await post(url(), `"${key}"`)]
    expect([first.status, standing(first)]).toEqual([201, 'created'])
    expect([retry.status, standing(retry), retry.headers['idempotent-replayed']]).toEqual([201, 'replayed', 'true'])
    expect(retry.text).toBe(first.text)
    expect(retry.headers['x-many']).toEqual(first.headers['x-many'])
  })

  test('another body is refused, and so is a missing key', async () => {
    const key = newKey()
    await post(url(), key)
    const other = await post(url(), key, { a: 2 })
    expect([other.status, codeOf(other)]).toEqual([422, 'key-reused'])
    const missing = await post(url(), undefined)
    expect([missing.status, codeOf(missing)]).toEqual([400, 'key-missing'])
  })

  test('two header lines are refused', async () => {
    const twice = await post(url(), [newKey(), newKey()])
    expect([twice.status, codeOf(twice)]).toEqual([400, 'key-invalid'])
  })

  test('simultaneous calls run once', async () => {
    const key = newKey()
    const answers = await Promise.all(Array.from({ length: 5 }, () => post(elsewhere(), key)))
    expect(answers.filter((answer) => standing(answer) === 'created')).toHaveLength(1)
    expect(answers.every(({ status }) => status === 201 || status === 409)).toBe(true)
  })
})

test('D3: the same key at another path of a function URL is another key', async () => {
  const key = newKey()
  const answers = [await post(`${door('FunctionUrl')}a`, key), await post(`${door('FunctionUrl')}b`, key)]
  expect(answers.map(standing)).toEqual(['created', 'created'])
})

test('E8: a REST API replays several lines of one header', async () => {
  const key = newKey()
  const url = `${door('RestUrl')}/doors/2`
  const answers = [await post(url, key), await post(url, key)]
  expect(answers.map(({ headers }) => headers['x-many'])).toEqual(['one, two', 'one, two'])
})
