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
  /** Whether `JSON.parse` can have made it, of a text such as `1e400`. */
  readonly isParsed: boolean

  constructor(message: string, isParsed = false) {
    super(message)
    this.isParsed = isParsed
  }
}

class CannotCanonicalise extends Error {}

const NOTHING: ReadonlySet<string> = new Set()

/**
 * The canonical form of JSON text: code-unit key order, no white space, strings unescaped, numbers as exact decimals.
 * `undefined` where there is none: not JSON, duplicate keys, lone surrogates, nesting over 64.
 * `leftOut` names members of the outermost object that do not count.
 */
export const canonicalText = (text: string, leftOut: ReadonlySet<string> = NOTHING): string | undefined => {
  try {
    JSON.parse(text)
    return walkText(text, leftOut)
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

/**
 * `text` is valid JSON by now, so this scanner looks only for where things end. A string without escapes is in canonical
 * form as it stands, quotes and all.
 */
const walkText = (text: string, leftOut: ReadonlySet<string>): string => {
  const isWellFormed = text.isWellFormed()
  let at = 0

  const skipSpace = (): void => {
    while (text.charCodeAt(at) <= SPACE) at++
  }

  /** The string that begins here, with its quotes. */
  const readString = (): string => {
    const start = at
    const quote = text.indexOf('"', start + 1)
    const plain = text.slice(start, quote + 1)
    if (plain.includes('\\')) return readEscapedString()
    if (!isWellFormed && !plain.isWellFormed()) throw new CannotCanonicalise()
    at = quote + 1
    return plain
  }

  const readEscapedString = (): string => {
    let end = at + 1
    while (text[end] !== '"') end += text[end] === '\\' ? 2 : 1
    const value: string = JSON.parse(text.slice(at, end + 1))
    if (!value.isWellFormed()) throw new CannotCanonicalise()
    at = end + 1
    return JSON.stringify(value)
  }

  const readScalar = (): string => {
    const start = at
    while (at < text.length && !endsScalar(text.charCodeAt(at))) at++
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
      const quoted = readString()
      const name = quoted.includes('\\') ? JSON.parse(quoted) : quoted.slice(1, -1)
      skipSpace()
      at++ // the colon
      if (members.has(name)) throw new CannotCanonicalise()
      members.set(name, `${quoted}:${readValue(depth)}`)
    }
    at++
    if (depth === 1) for (const name of leftOut) members.delete(name)
    return writeMembers(members)
  }

  const readValue = (depth: number): string => {
    skipSpace()
    const first = text[at]
    if (first === '"') return readString()
    if (first !== '[' && first !== '{') return readScalar()
    if (depth === MAX_DEPTH) throw new CannotCanonicalise()
    return first === '[' ? readArray(depth + 1) : readObject(depth + 1)
  }

  return readValue(0)
}

const SPACE = 0x20

/** What may stand behind a number or a name: `,`, `]`, `}` or white space. */
const endsScalar = (code: number): boolean => code === 0x2c || code === 0x5d || code === 0x7d || code <= SPACE

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

/** `members`: each as it stands, by its name as it reads. */
const writeMembers = (members: ReadonlyMap<string, string>): string => {
  const names = [...members.keys()].sort() // code units: the default order of sort()
  return `{${names.map((name) => members.get(name)).join(',')}}`
}

const writeValue = (value: unknown, path: string, depth: number): string => {
  if (depth > MAX_DEPTH) throw tooDeep(path)
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'number' && Number.isFinite(value)) return canonicalNumber(String(value))
  if (depth === MAX_DEPTH) throw tooDeep(path)
  if (Array.isArray(value)) return writeArray(value, path, depth)
  if (isPlainObject(value)) return writeObject(value, path, depth)
  const isParsed = value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY
  throw new NotCanonical(`${path} is ${describe(value)}, which JSON cannot hold without losing something`, isParsed)
}

const tooDeep = (path: string): NotCanonical =>
  new NotCanonical(`${path} is nested deeper than ${MAX_DEPTH} levels, or refers to itself`, true)

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
  for (const [name, member] of Object.entries(value)) {
    if (member === undefined) continue
    members.set(name, `${JSON.stringify(name)}:${writeValue(member, `${path}${shownMember(name)}`, depth + 1)}`)
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
