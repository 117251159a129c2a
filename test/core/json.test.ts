import fc from 'fast-check'
import { canonicalText, canonicalValue, NotCanonical } from '../../lib/core/identity/canonical-json.ts'

/** Writes a value as JSON text with random key order, white space and escapes. */
const scrambled = (value: unknown, pick: () => number): string => {
  const space = ['', ' ', '\n\t', '\r\n  '][Math.floor(pick() * 4)] ?? ''
  if (Array.isArray(value)) return `[${space}${value.map((item) => scrambled(item, pick)).join(`,${space}`)}${space}]`
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).sort(() => pick() - 0.5)
    return `{${space}${members.map(([k, v]) => `${text(k, pick)}${space}:${space}${scrambled(v, pick)}`).join(`${space},`)}}`
  }
  return typeof value === 'string' ? text(value, pick) : JSON.stringify(value)
}

const text = (value: string, pick: () => number): string =>
  `"${[...Array(value.length).keys()].map((at) => character(value, at, pick)).join('')}"`

const character = (value: string, at: number, pick: () => number): string => {
  const code = value.charCodeAt(at)
  const mustEscape = code < 0x20 || code === 0x22 || code === 0x5c
  return mustEscape || pick() < 0.3 ? `\\u${code.toString(16).padStart(4, '0')}` : value.charAt(at)
}

const wellFormedJson = fc.jsonValue({ maxDepth: 5, stringUnit: 'grapheme' })

describe('D4: canonical JSON', () => {
  test('D4: key order, white space and escapes make no difference', () => {
    fc.assert(
      fc.property(
        wellFormedJson,
        fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })),
        (value, stream) => {
          const pick = (): number => stream.next().value ?? 0
          expect(canonicalText(scrambled(value, pick))).toBe(canonicalText(JSON.stringify(value)))
        },
      ),
      { numRuns: 500 },
    )
  })

  test('D4: a value and its text have one form', () => {
    fc.assert(
      fc.property(wellFormedJson, (value) => {
        expect(canonicalText(JSON.stringify(value))).toBe(canonicalValue(value))
      }),
      { numRuns: 500 },
    )
  })

  test('D4: the form says everything that the text says', () => {
    fc.assert(
      fc.property(wellFormedJson, (value) => {
        const form = canonicalText(JSON.stringify(value)) ?? ''
        expect(JSON.parse(form)).toEqual(
          JSON.parse(JSON.stringify(value).replace(/(?<![\d.eE+"\w])-0(?![.\de])/g, '0')),
        )
      }),
      { numRuns: 300 },
    )
  })

  test.each([
    ['1', '1.0'],
    ['1', '10e-1'],
    ['100', '1E2'],
    ['0', '-0'],
    ['0', '0.000e5'],
    ['-12.50', '-125e-1'],
    ['"a"', '"\\u0061"'],
    ['"/"', '"\\/"'],
    ['{"a":1,"b":2}', ' { "b" : 2 , "a" : 1 } '],
    ['[]', '[ ]'],
    ['{}', '{\n}'],
  ])('D4: %s and %s are the same', (a, b) => {
    expect(canonicalText(a)).toBeDefined()
    expect(canonicalText(a)).toBe(canonicalText(b))
  })

  test.each([
    ['12345678901234567890', '12345678901234567891'],
    ['0.1', '0.10000000000000001'],
    ['1e400', '1e401'],
    ['1', '"1"'],
    ['null', '"null"'],
    ['{"a":null}', '{}'],
    ['[1,2]', '[2,1]'],
    ['[[1],2]', '[1,[2]]'],
    ['"\u00e9"', '"e\u0301"'],
    ['{"__proto__":1}', '{}'],
    ['{"__proto__":{"a":1}}', '{"__proto__":{"a":2}}'],
    ['{"constructor":1}', '{"constructor":2}'],
    ['-1', '1'],
    ['10', '1'],
  ])('D4: %s and %s are different', (a, b) => {
    expect(canonicalText(a)).toBeDefined()
    expect(canonicalText(a)).not.toBe(canonicalText(b))
  })

  test('D4: members are ordered by code unit, not by locale or code point', () => {
    expect(canonicalText('{"\uffff":1,"\ud83d\ude00":2,"a":3,"B":4}')).toBe('{"B":4,"a":3,"\ud83d\ude00":2,"\uffff":1}')
  })

  test.each([
    ['duplicate keys', '{"a":1,"a":1}'],
    ['duplicate keys, one of them escaped', '{"a":1,"\\u0061":2}'],
    ['a lone surrogate', '"\\ud800"'],
    ['a lone surrogate in a key', '{"\\udc00":1}'],
    ['nesting over 64', `${'['.repeat(65)}${']'.repeat(65)}`],
    ['an exponent that nobody sends', '1e9999999999999999'],
    ['not JSON', '{"a":}'],
    ['nothing', ''],
    ['two values', '1 2'],
    ['a comma too many', '[1,]'],
  ])('D4: %s has no canonical form', (_, given) => {
    expect(canonicalText(given)).toBeUndefined()
  })

  test('D4: nesting of 64 still has one', () => {
    expect(canonicalText(`${'['.repeat(64)}${']'.repeat(64)}`)).toBe('['.repeat(64) + ']'.repeat(64))
  })

  test.each([
    ['a bigint', 1n],
    ['NaN', Number.NaN],
    ['Infinity', Number.POSITIVE_INFINITY],
    ['a Date', new Date(0)],
    ['a Map', new Map()],
    ['a Set', new Set()],
    ['a class instance', new (class Money {})()],
    ['a function', () => 1],
    ['a symbol', Symbol('s')],
    ['undefined', undefined],
    ['a hole in an array', new Array(1)],
    ['undefined in an array', [undefined]],
    ['bytes', new Uint8Array(1)],
  ])('D4: %s is refused, not changed', (_, value) => {
    expect(() => canonicalValue({ nested: [value] })).toThrow(NotCanonical)
    expect(() => canonicalValue({ nested: [value] })).toThrow('$.nested[0]')
  })

  test('D4: a value that refers to itself is refused', () => {
    const loop: Record<string, unknown> = {}
    loop.self = loop
    expect(() => canonicalValue(loop)).toThrow(NotCanonical)
  })

  test('D4: a member that is undefined counts as absent, as in JSON', () => {
    expect(canonicalValue({ a: undefined, b: 1 })).toBe(canonicalValue({ b: 1 }))
  })

  test('D5: a megabyte of anything is handled', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 0, maxLength: 2_000 }), (bytes) => {
        expect(() => canonicalText(Buffer.from(bytes).toString('latin1'))).not.toThrow()
      }),
    )
    const million = 1_000_000
    for (const hostile of [
      '['.repeat(million),
      '{"a":'.repeat(million / 5),
      `"${'\\n'.repeat(million / 2)}"`,
      `[${'1,'.repeat(million / 2)}1]`,
      `1${'0'.repeat(million)}1`,
      `{"k":"${'x'.repeat(million)}"}`,
    ]) {
      expect(() => canonicalText(hostile)).not.toThrow()
    }
  })
})
