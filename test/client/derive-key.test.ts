import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { deriveKey, type KeyPart } from '../../lib/client/index.ts'

/** The rule of the docs, written another way. */
const expected = (...parts: string[]): string => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part)
  return hash.digest('base64url')
}

test.each([[['refund', 'order-7', 2]], [['größe', '€']], [['a']], [[0]]] as [KeyPart[]][])(
  'J11: the key of %j is the SHA-256 of its parts and their lengths.',
  async (parts) => expect(await deriveKey(parts)).toBe(expected(...parts.map(String))),
)

test('J11: golden: the key of one list of parts never changes.', async () => {
  expect(await deriveKey(['refund', 'order-7', 2], { prefix: 'refund:' })).toBe(
    `refund:${expected('refund', 'order-7', '2')}`,
  )
  expect(await deriveKey(['refund', 'order-7', 2])).toBe('tJ54x7x1vAvGX1UCpSCc1W_J0W36nQCN8DGlMkeav_0')
})

test('J11: two lists of parts have the same key only if they are equal.', async () => {
  const parts = fc.array(fc.string({ unit: fc.constantFrom('a', '1', ':', 'é'), minLength: 1, maxLength: 3 }), {
    minLength: 1,
    maxLength: 3,
  })
  await fc.assert(
    fc.asyncProperty(parts, parts, async (a, b) => {
      const keys = await Promise.all([a, b].map((list) => deriveKey(list, { unstable: 'accept' })))
      expect(keys[0] === keys[1]).toBe(JSON.stringify(a) === JSON.stringify(b))
    }),
    { numRuns: 1_000 },
  )
})

test('J11: a key can be sent in both forms of the header.', async () => {
  expect(await deriveKey(['a'])).toMatch(/^[\w-]{43}$/)
})

/** Neither a whole minute nor a whole second. */
const NOW = Date.UTC(2026, 10, 2, 9, 30, 17, 123)
const recent = NOW - 40_000

const { now } = Date
beforeAll(() => {
  Date.now = () => NOW
})
afterAll(() => {
  Date.now = now
})

const UNSTABLE: readonly (readonly [string, KeyPart])[] = [
  ['Date.now()', NOW],
  ['a time of 59 s ago', NOW - 59_000],
  ['a time in 59 s', NOW + 59_000],
  ['epoch milliseconds as a text', String(recent)],
  ['epoch seconds', Math.floor(recent / 1_000)],
  ['epoch microseconds', recent * 1_000 + 456],
  ['a time within a text', `cart-${recent}-eu`],
  ['an ISO date', new Date(recent).toISOString()],
  ['an HTTP date', new Date(recent).toUTCString()],
  ['a random UUID', crypto.randomUUID()],
  ['a random UUID in upper case', crypto.randomUUID().toUpperCase()],
  ['a random UUID within a text', `cart:${crypto.randomUUID()}`],
  ['a UUID of version 7', '01932c07-1d7b-7c3a-9f3e-5d1f0e6f6a10'],
]

test.each(UNSTABLE)('J11: %s looks as if it was made for this call, and is refused.', async (_, part) => {
  await expect(deriveKey(['order', part])).rejects.toMatchObject({
    name: 'UsageError',
    message: expect.stringMatching(/^parts\[1\] looks like (the time of now|a random UUID); .* unstable: "accept"$/),
  })
})

test('J11: unstable: "accept" takes them.', async () => {
  for (const [, part] of UNSTABLE) await deriveKey(['order', part], { unstable: 'accept' })
})

test.each([
  ['order-7'],
  ['4242424242424242'],
  ['2026-11-02'],
  [1_700_000_000],
  ['a UUID of version 5: 74738ff5-5367-5958-9aee-98fffdcd1876'],
  [NOW - 60_000],
  [NOW + 60_000],
  ['2026-11-02T09:30:00Z'],
  [Date.UTC(2026, 10, 2, 9, 31)],
  ['2026-11-02T10:30:17.123Z'],
  ['9'.repeat(400)],
])('J11: the part %j is taken.', async (part) => {
  await deriveKey([part])
})

test.each([
  [[], {}, 'parts must be a non-empty list'],
  [['a', ''], {}, 'parts[1] must be non-empty text or a safe integer'],
  [['a', undefined], {}, 'parts[1] must be'],
  [['half a pair: \ud83d'], {}, 'parts[0] must be non-empty text'],
  [[new Date()], {}, 'parts[0] must be'],
  [['a'], { prefix: 5 }, 'option "prefix" is 5; it must be of type string'],
  [['a'], { salt: 'x' }, 'option "salt" is not known'],
])('J11: deriveKey(%j, %j) is refused.', async (parts, options, message) => {
  await expect(deriveKey(parts as never, options as never)).rejects.toThrow(message)
})
