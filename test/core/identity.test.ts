import fc from 'fast-check'
import { IdempotencyError } from '../../lib/core/errors.ts'
import { digest } from '../../lib/core/identity/digest.ts'
import { deriveFingerprint, type FingerprintPart } from '../../lib/core/identity/fingerprint.ts'
import { deriveRecordKey, type RecordKeyParts } from '../../lib/core/identity/record-key.ts'

const parts = (over: Partial<RecordKeyParts> = {}): RecordKeyParts => ({
  operation: 'payments',
  tenant: 'm-1',
  method: 'POST',
  route: '/payments',
  key: 'k-1',
  ...over,
})

const bodyPrint = (body: string | Uint8Array | undefined): string => deriveFingerprint([{ kind: 'body', body }])

describe('record keys', () => {
  test('D1: a missing or empty part is an error, never the string undefined', () => {
    for (const nothing of [undefined, '', null, 7]) {
      expect(() => deriveRecordKey(parts({ tenant: nothing as string }))).toThrow(IdempotencyError)
      expect(() => deriveRecordKey(parts({ key: nothing as string }))).toThrow(IdempotencyError)
    }
    expect(() => deriveRecordKey(parts({ tenant: '' }))).toThrow(expect.objectContaining({ code: 'scope-missing' }))
    expect(() => deriveRecordKey(parts({ key: '' }))).toThrow(expect.objectContaining({ code: 'key-invalid' }))
  })

  test('D1: the strings undefined and null are tenants like any other', () => {
    const keys = ['undefined', 'null', 'single-tenant'].map((tenant) => deriveRecordKey(parts({ tenant })))
    expect(new Set(keys).size).toBe(3)
  })

  test('D2: no two different tuples share a record', () => {
    const piece = fc.oneof(
      fc.constantFrom('a', 'b', 'ab', '#', '/', '%', '%2F', ' ', '\u0000', ',', 'a#b', '0', 'é', 'e\u0301', '😀'),
      fc.string({ minLength: 1, maxLength: 6, unit: 'grapheme' }),
    )
    const tuple = fc.record({
      operation: fc.constantFrom('a', 'a.b', 'b'),
      tenant: piece,
      method: piece,
      route: piece,
      key: piece,
    })
    fc.assert(
      fc.property(tuple, tuple, (a, b) => {
        const same =
          a.operation === b.operation &&
          a.tenant === b.tenant &&
          a.method === b.method &&
          a.route === b.route &&
          a.key === b.key
        expect(deriveRecordKey(a) === deriveRecordKey(b)).toBe(same)
      }),
      { numRuns: 5_000 },
    )
  })

  test('D2: characters cannot move from one part to the next', () => {
    expect(deriveRecordKey(parts({ tenant: 'ab', method: 'c' }))).not.toBe(
      deriveRecordKey(parts({ tenant: 'a', method: 'bc' })),
    )
    expect(deriveRecordKey(parts({ route: '', key: '/x' }))).not.toBe(deriveRecordKey(parts({ route: '/x', key: 'x' })))
  })

  test('D2: a lone surrogate is refused, because all of them would become the same bytes', () => {
    expect(() => deriveRecordKey(parts({ key: '\ud800' }))).toThrow(expect.objectContaining({ code: 'key-invalid' }))
  })

  // Computed without this code: SHA-256 over 4-byte big-endian lengths and UTF-8 bytes, base64url.
  test('D6: golden vectors', () => {
    expect(deriveRecordKey(parts())).toBe('payments#nTHA5mIV9x3gJLAGql8W5eZJ3uUhOtZUcQ1oROkTrqs')
    expect(deriveRecordKey(parts({ tenant: 'single-tenant' }))).toBe(
      'payments#Ggv8UYdSdxg5ugk7-Tw-941DL6UHaWU0oQzUnwiMB2k',
    )
    expect(deriveRecordKey({ operation: 'orders', tenant: 'm-1', key: 'k-1' })).toBe(
      'orders#TMcUgsfMtB04z3FVnZ6d2pUBxHagsKyvNLBQo33t_vU',
    )
  })
})

describe('fingerprints', () => {
  test('D4: one JSON body, however it is written or encoded, has one fingerprint', () => {
    const plain = bodyPrint('{"a":1,"b":[true,null]}')
    expect(bodyPrint(' {"b":[true,null] , "a":1.0}')).toBe(plain)
    expect(bodyPrint(Buffer.from('{"a":1,"b":[true,null]}'))).toBe(plain)
  })

  test.each<[string, string | Uint8Array | undefined, string | Uint8Array | undefined]>([
    ['nothing and null', undefined, 'null'],
    ['nothing and empty', undefined, ''],
    ['duplicate keys in another order', '{"a":1,"a":2}', '{"a":2,"a":1}'],
    ['lone surrogates', '"\\ud800"', '"\\ud801"'],
    ['lone surrogates in the text itself', '\ud800', '\ud801'],
    ['a lone surrogate and its replacement character', '\ud800', '\ufffd'],
    ['deep nesting', `${'['.repeat(70)}1${']'.repeat(70)}`, `${'['.repeat(70)}2${']'.repeat(70)}`],
    ['bytes', Buffer.of(0xff, 0x00), Buffer.of(0xff, 0x01)],
    ['text with and without a byte order mark', Buffer.from('\ufeff{}'), Buffer.from('{}')],
    ['text that is not JSON', 'a=1&b=2', 'a=1&b=3'],
  ])('D4: %s differ', (_, a, b) => {
    expect(bodyPrint(a)).not.toBe(bodyPrint(b))
  })

  test('D4: raw text never has the fingerprint of the canonical form of another body', () => {
    const form: FingerprintPart = { kind: 'text', text: '{"a":1}' }
    expect(deriveFingerprint([form])).not.toBe(bodyPrint('{"a":1}'))
  })

  test.each([[undefined], [1], [['a']], [{ length: 1 }]])('D4: %p is refused as part of a digest', (part) => {
    expect(() => digest('label', ['a', part as string])).toThrow(TypeError)
  })

  test('D5: a megabyte of random bytes gives a fingerprint', () => {
    const bytes = Buffer.alloc(1_000_000, 'x')
    for (let at = 0; at < bytes.length; at += 7) bytes[at] = at % 251
    expect(bodyPrint(bytes)).toMatch(/^1:[\w-]{43}$/)
  })

  test('D6: golden vectors', () => {
    expect(bodyPrint('{"amount":1999,"currency":"EUR"}')).toBe('1:Zpw0WVIoLfo1CMuZnru528I7rYRq_224qSYYv87FCKI')
    expect(bodyPrint(undefined)).toBe('1:nVaYCEl257N32xSpYdEvFew9hUj47d6Rq9jc37e6mcI')
    expect(bodyPrint(Buffer.of(0xff))).toBe('1:sqNHC2zeoTBkDXmCoTWug4XPGPWMMYpVf_yacpBeg2U')
  })
})
