/**
 * Canonical JSON text that loses nothing: two texts are equal here exactly when they are the same JSON value with
 * numbers taken as exact decimals. `JSON.parse` alone would make 12345678901234567890 and ...891 the same number.
 */

/** Deeper text is not canonicalised: the walk below is recursive, and its caller hashes the raw bytes instead. */
const MAX_DEPTH = 64

/** Exponents longer than this are left alone: they are not numbers that anybody sends, and parsing them costs time. */
const MAX_EXPONENT_DIGITS = 15

/** Thrown by {@link canonicalValue}; names the place and the type, never the value. */
export class NotCanonical extends TypeError {
  override readonly name = 'NotCanonical'
}

class CannotCanonicalise extends Error {}

/**
 * The canonical form of JSON text: code-unit key order, no white space, strings unescaped, numbers as exact decimals.
 * `undefined` where there is none: not JSON, duplicate keys, lone surrogates, nesting over 64.
 */
export const canonicalText = (text: string): string | undefined => {
  try {
    JSON.parse(text)
    return walkText(text)
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof CannotCanonicalise) return undefined
    throw error
  }
}

/**
 * The same form for a JavaScript value. A member that is `undefined` counts as absent, as in `JSON.stringify`.
 * Anything that JSON would silently change (Map, Set, bigint, Date, class instances, NaN, functions) is refused.
 */
export const canonicalValue = (value: unknown): string => writeValue(value, '$', 0)

/** `text` is valid JSON by now, so this scanner looks only for where things end. */
const walkText = (text: string): string => {
  let at = 0

  const skipSpace = (): void => {
    while (at < text.length && text.charCodeAt(at) <= 0x20) at++
  }

  const endOfString = (): number => {
    let end = at + 1
    while (text[end] !== '"') end += text[end] === '\\' ? 2 : 1
    return end + 1
  }

  /** Most strings have no escapes, and stand there as they are. */
  const readString = (): string => {
    const quote = text.indexOf('"', at + 1)
    const plain = text.slice(at + 1, quote)
    if (plain.includes('\\')) return readEscapedString()
    if (!plain.isWellFormed()) throw new CannotCanonicalise()
    at = quote + 1
    return plain
  }

  const readEscapedString = (): string => {
    const end = endOfString()
    const value: string = JSON.parse(text.slice(at, end))
    if (!value.isWellFormed()) throw new CannotCanonicalise()
    at = end
    return value
  }

  const readScalar = (): string => {
    const start = at
    while (at < text.length && !',]} \t\n\r'.includes(text[at] as string)) at++
    const token = text.slice(start, at)
    return token === 'true' || token === 'false' || token === 'null' ? token : canonicalNumber(token)
  }

  const readArray = (depth: number): string => {
    const items: string[] = []
    for (at++, skipSpace(); text[at] !== ']'; skipSpace()) {
      if (text[at] === ',') at++
      items.push(readValue(depth))
    }
    at++
    return `[${items.join(',')}]`
  }

  const readObject = (depth: number): string => {
    const members = new Map<string, string>()
    for (at++, skipSpace(); text[at] !== '}'; skipSpace()) {
      if (text[at] === ',') at++
      skipSpace()
      const key = readString()
      skipSpace()
      at++ // the colon
      if (members.has(key)) throw new CannotCanonicalise()
      members.set(key, readValue(depth))
    }
    at++
    return writeMembers(members)
  }

  const readValue = (depth: number): string => {
    skipSpace()
    if (text[at] === '"') return JSON.stringify(readString())
    if (depth === MAX_DEPTH && (text[at] === '[' || text[at] === '{')) throw new CannotCanonicalise()
    if (text[at] === '[') return readArray(depth + 1)
    if (text[at] === '{') return readObject(depth + 1)
    return readScalar()
  }

  return readValue(0)
}

/** An integer that ends in no zero is in canonical form as it stands. */
const CANONICAL_INTEGER = /^-?(?:[1-9][0-9]*)?[1-9]$/

/** `1`, `1.0`, `10e-1` are one number; `0.1` and `0.10000000000000001` are two. Minus zero is zero. */
const canonicalNumber = (token: string): string => {
  if (CANONICAL_INTEGER.test(token)) return token
  const [mantissa = '', exponent = '0'] = token.toLowerCase().split('e')
  if (exponent.length > MAX_EXPONENT_DIGITS) throw new CannotCanonicalise()
  const negative = mantissa.startsWith('-')
  const [whole = '', fraction = ''] = (negative ? mantissa.slice(1) : mantissa).split('.')
  const digits = withoutLeadingZeros(whole + fraction)
  if (digits === '') return '0'
  const significant = withoutTrailingZeros(digits)
  const power = Number(exponent) - fraction.length + (digits.length - significant.length)
  return `${negative ? '-' : ''}${significant}${power === 0 ? '' : `e${power}`}`
}

// Loops, not regular expressions: /0+$/ takes quadratic time on a long run of inner zeros.
const withoutLeadingZeros = (digits: string): string => {
  let from = 0
  while (digits[from] === '0') from++
  return digits.slice(from)
}

const withoutTrailingZeros = (digits: string): string => {
  let to = digits.length
  while (digits[to - 1] === '0') to--
  return digits.slice(0, to)
}

const writeMembers = (members: ReadonlyMap<string, string>): string => {
  const keys = [...members.keys()].sort() // code units: the default order of sort()
  return `{${keys.map((key) => `${JSON.stringify(key)}:${members.get(key)}`).join(',')}}`
}

const writeValue = (value: unknown, path: string, depth: number): string => {
  if (depth > MAX_DEPTH)
    throw new NotCanonical(`${path} is nested deeper than ${MAX_DEPTH} levels, or refers to itself`)
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'number' && Number.isFinite(value)) return canonicalNumber(String(value))
  if (depth === MAX_DEPTH)
    throw new NotCanonical(`${path} is nested deeper than ${MAX_DEPTH} levels, or refers to itself`)
  if (Array.isArray(value)) return writeArray(value, path, depth)
  if (isPlainObject(value)) return writeObject(value, path, depth)
  throw new NotCanonical(`${path} is ${describe(value)}, which JSON cannot hold without losing something`)
}

/** Indexed, not mapped: a hole reads as `undefined` and is refused, where `map` would skip it. */
const writeArray = (value: readonly unknown[], path: string, depth: number): string => {
  const items: string[] = []
  for (let index = 0; index < value.length; index++) {
    items.push(writeValue(value[index], `${path}[${index}]`, depth + 1))
  }
  return `[${items.join(',')}]`
}

const writeObject = (value: object, path: string, depth: number): string => {
  const members = new Map<string, string>()
  for (const [key, member] of Object.entries(value)) {
    if (member !== undefined) members.set(key, writeValue(member, `${path}${shownMember(key)}`, depth + 1))
  }
  return writeMembers(members)
}

/** The place is for the log, and a member's name may be somebody's data: only what looks like a program's own is shown. */
const shownMember = (key: string): string => (/^[A-Za-z_$][\w$]{0,39}$/.test(key) ? `.${key}` : '.…')

const isPlainObject = (value: unknown): value is object => {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null
}

const describe = (value: unknown): string => {
  if (typeof value === 'number') return String(value)
  if (typeof value !== 'object') return `of type ${typeof value}`
  return `an instance of ${(value as object).constructor?.name ?? 'a class'}`
}
