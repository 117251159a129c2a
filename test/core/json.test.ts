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

/** The meaning of a JSON document: a number is `digits` times ten to the `power`. */
type Meant =
  | { readonly digits: bigint; readonly power: number }
  | string
  | readonly Meant[]
  | ReadonlyMap<string, Meant>
  | boolean
  | null

const isNumber = (meant: Meant): meant is Extract<Meant, { readonly digits: bigint }> =>
  typeof meant === 'object' && meant !== null && 'digits' in meant

/** The canonical form, made only from the meaning. */
const formOf = (meant: Meant): string => {
  if (meant instanceof Map) {
    const names = [...meant.keys()].sort()
    return `{${names.map((name) => `${JSON.stringify(name)}:${formOf(meant.get(name) as Meant)}`).join(',')}}`
  }
  if (Array.isArray(meant)) return `[${meant.map(formOf).join(',')}]`
  return isNumber(meant) ? numberForm(meant.digits, meant.power) : JSON.stringify(meant)
}

const numberForm = (digits: bigint, power: number): string => {
  if (digits === 0n) return '0'
  if (digits % 10n === 0n) return numberForm(digits / 10n, power + 1)
  return power === 0 ? `${digits}` : `${digits}e${power}`
}

/** One of the ways to write the document. */
const written = (meant: Meant, pick: () => number): string => {
  const space = ['', '', ' ', '\n\t', '\r\n  '][Math.floor(pick() * 5)] ?? ''
  if (meant instanceof Map) {
    const members = [...meant].map(([name, value]) => `${text(name, pick)}${space}:${written(value, pick)}`)
    return `${space}{${space}${members.join(`${space},${space}`)}}`
  }
  if (Array.isArray(meant)) return `[${meant.map((item) => written(item, pick)).join(`,${space}`)}${space}]${space}`
  if (isNumber(meant)) return writtenNumber(meant.digits, meant.power, pick)
  return typeof meant === 'string' ? text(meant, pick) : JSON.stringify(meant)
}

const writtenNumber = (digits: bigint, power: number, pick: () => number): string => {
  const zeros = digits === 0n ? 0 : Math.floor(pick() * 3)
  const all = `${digits < 0n ? -digits : digits}${'0'.repeat(zeros)}`
  const behindPoint = Math.floor(pick() * (all.length + 2))
  const padded = all.padStart(behindPoint + 1, '0')
  const whole = padded.slice(0, padded.length - behindPoint)
  const fraction = behindPoint === 0 ? '' : `.${padded.slice(-behindPoint)}`
  const exponent = power - zeros + behindPoint
  const sign = exponent >= 0 && pick() < 0.5 ? '+' : ''
  const written = exponent === 0 && pick() < 0.8 ? '' : `${pick() < 0.5 ? 'e' : 'E'}${sign}${exponent}`
  return `${digits < 0n ? '-' : ''}${whole}${fraction}${written}`
}

const meantJson = fc.letrec<{ meant: Meant }>((tie) => {
  const name = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 3 }),
    fc.constantFrom('__proto__', 'a"', 'a\\', 'a!', '\0', '\uffff'),
  )
  const members = (maxLength: number): fc.Arbitrary<Meant> =>
    fc
      .uniqueArray(fc.tuple(name, tie('meant')), { maxLength, selector: ([member]) => member, depthIdentifier: 'json' })
      .map((pairs) => new Map(pairs))
  return {
    meant: fc.oneof(
      { depthIdentifier: 'json', maxDepth: 4 },
      fc.record({
        digits: fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }),
        power: fc.integer({ min: -30, max: 30 }),
      }),
      fc.record({ digits: fc.bigInt({ min: -200n, max: 200n }), power: fc.constantFrom(0, 0, -2, 1) }),
      fc.string({ unit: 'grapheme', maxLength: 8 }),
      fc.constantFrom(true, false, null),
      fc.array(tie('meant'), { maxLength: 4, depthIdentifier: 'json' }),
      members(4),
      members(40),
    ),
  }
}).meant

const picks = fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true }))

const wellFormedJson = fc.jsonValue({ maxDepth: 5, stringUnit: 'grapheme' })

describe('D4: canonical JSON', () => {
  test('D4: key order, white space and escapes make no difference', () => {
    fc.assert(
      fc.property(wellFormedJson, picks, (value, stream) => {
        const pick = (): number => stream.next().value ?? 0
        expect(canonicalText(scrambled(value, pick))).toBe(canonicalText(JSON.stringify(value)))
      }),
      { numRuns: 500 },
    )
  })

  test('D4: the form depends only on the meaning, with numbers as exact decimals, and not on the spelling', () => {
    fc.assert(
      fc.property(meantJson, picks, (meant, stream) => {
        const given = written(meant, () => stream.next().value ?? 0)
        expect(canonicalText(given)).toBe(formOf(meant))
      }),
      { numRuns: 1_000 },
    )
  })

  test.each(Array.from({ length: 40 }, (_, count) => count + 1))('D4: %s members are put in order', (count) => {
    const names = Array.from({ length: count }, (_, index) => `${1_000 + index}`)
    const textOf = (all: readonly string[]): string => `{${all.map((name) => `"${name}":1`).join()}}`
    for (const order of [names.toReversed(), [...names.slice(1), ...names.slice(0, 1)]]) {
      expect(canonicalText(textOf(order))).toBe(textOf(names))
      for (const name of names) expect(canonicalText(textOf([...order, name]))).toBeUndefined()
    }
  })

  test('D4: a value and its JSON text have the same form', () => {
    fc.assert(
      fc.property(wellFormedJson, (value) => {
        expect(canonicalText(JSON.stringify(value))).toBe(canonicalValue(value))
      }),
      { numRuns: 500 },
    )
  })

  test('D4: the form loses nothing of the text', () => {
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
    ['an exponent of more than 15 digits', '1e9999999999999999'],
    ['not JSON', '{"a":}'],
    ['an empty text', ''],
    ['two values', '1 2'],
    ['a comma too many', '[1,]'],
  ])('D4: %s has no canonical form', (_, given) => {
    expect(canonicalText(given)).toBeUndefined()
  })

  test('D4: members to leave out are left out of the outermost object only, and duplicates of them are still refused', () => {
    const leftOut = new Set(['time', 'id', '__proto__'])
    expect(canonicalText('{"time":1,"b":{"time":2},"__proto__":3,"a":[]}', leftOut)).toBe('{"a":[],"b":{"time":2}}')
    expect(canonicalText('[{"time":1}]', leftOut)).toBe('[{"time":1}]')
    expect(canonicalText('{"time":1,"time":1}', leftOut)).toBeUndefined()
  })

  test('D4: text with a nesting of 64 has a canonical form', () => {
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

  test('D5: an object of many members takes no quadratic time, whatever their order', () => {
    const names = Array.from({ length: 50_000 }, (_, index) => `"${index + 100_000}":0`)
    const millisFor = (order: readonly string[]): number => {
      const text = `{${order.join()}}`
      const start = performance.now()
      expect(canonicalText(text)).toBe(`{${names.join()}}`)
      return performance.now() - start
    }
    millisFor(names)
    const inOrder = millisFor(names)
    for (const order of [names.toReversed(), names.map((_, index) => names[(index * 7_919) % 50_000] as string)]) {
      expect(millisFor(order)).toBeLessThan(30 * inOrder)
    }
  })

  test('D5: a megabyte of any input is handled', () => {
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
