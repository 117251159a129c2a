/**
 * Canonical JSON text that loses nothing. Two canonical texts are equal exactly if they are the same JSON value, with
 * numbers as exact decimals. `JSON.parse` alone would turn 12345678901234567890 and ...891 into the same number.
 */

/** The walk below is recursive, so deeper text is not canonicalised: its caller hashes the raw bytes instead. */
const MAX_DEPTH = 64

/** Longer exponents are not canonicalised: no real number has one, and parsing them costs time. */
const MAX_EXPONENT_DIGITS = 15

/** Thrown by {@link canonicalValue}. Its message names the place and the type, never the value. */
export class NotCanonical extends TypeError {
  override readonly name = 'NotCanonical'
  /** Whether `JSON.parse` can return such a value, as it does for `1e400`. */
  readonly isParsed: boolean

  constructor(message: string, isParsed = false) {
    super(message)
    this.isParsed = isParsed
  }
}

class CannotCanonicalise extends Error {}

/**
 * The canonical form of JSON text: code-unit key order, no white space, strings unescaped, numbers as exact decimals.
 * `undefined` if there is none: the text is not JSON, or has duplicate keys, lone surrogates or a nesting over 64.
 * `leftOut` names members of the outermost object that are left out.
 */
export const canonicalText = (text: string, leftOut?: ReadonlySet<string>): string | undefined => {
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
 * Throws {@link NotCanonical} for values that JSON would silently change: Map, Set, bigint, Date, class instances, NaN,
 * functions.
 */
export const canonicalValue = (value: unknown): string => writeValue(value, '$', 0)

/**
 * `text` is valid JSON, so this scanner only looks for where each value begins and ends. A string without escapes is
 * already in canonical form, with its quotes.
 */
const walkText = (text: string, leftOut: ReadonlySet<string> | undefined): string => {
  let at = 0

  const next = (): string | undefined => {
    while (isSeparator(text.charCodeAt(at))) at++
    return text[at]
  }

  /** The string that begins here, with its quotes. */
  const readString = (): string => {
    const start = at
    at = text.indexOf('"', start + 1) + 1
    const plain = text.slice(start, at)
    return plain.includes('\\') ? readEscapedString(start) : wellFormed(plain)
  }

  const readEscapedString = (start: number): string => {
    at = start + 1
    while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1
    return JSON.stringify(wellFormed(JSON.parse(text.slice(start, ++at))))
  }

  const readArray = (depth: number): string => {
    const items: string[] = []
    for (at++; next() !== ']'; ) items.push(readValue(depth))
    at++
    return `[${items.join()}]`
  }

  const readObject = (depth: number): string => {
    const members: Member[] = []
    for (at++; next() !== '}'; ) {
      const quoted = readString()
      const name = quoted.includes('\\') ? JSON.parse(quoted) : quoted.slice(1, -1)
      addMember(members, name, `${quoted}:${readValue(depth)}`)
    }
    at++
    return writeMembers(members, depth === 1 ? leftOut : undefined)
  }

  const readValue = (depth: number): string => {
    const first = next()
    if (first === '"') return readString()
    if (first !== '[' && first !== '{') {
      const scalar = scalarAt(text, at)
      at += scalar[0].length
      return canonicalScalar(scalar)
    }
    if (depth === MAX_DEPTH) throw new CannotCanonicalise()
    return first === '[' ? readArray(depth + 1) : readObject(depth + 1)
  }

  return readValue(0)
}

/** White space, comma and colon: they separate the parts of valid JSON and have no meaning themselves. */
const isSeparator = (code: number): boolean => code <= 0x20 || code === 0x2c || code === 0x3a

const wellFormed = (text: string): string => {
  if (text.isWellFormed()) return text
  throw new CannotCanonicalise()
}

/** A number in its parts (sign, whole, fraction, exponent), or a word: `true`, `false`, `null`. */
const SCALAR = /(-?)(\d+)\.?(\d*)[eE]?([-+\d]*)|\w+/y

/** There is always a match: the text is valid JSON. */
const scalarAt = (text: string, at: number): RegExpExecArray => {
  SCALAR.lastIndex = at
  return SCALAR.exec(text) as RegExpExecArray
}

/** `1`, `1.0`, `10e-1` are one number; `0.1` and `0.10000000000000001` are two. Minus zero is zero. */
const canonicalScalar = ([token, sign, whole, fraction = '', exponent = '']: RegExpExecArray): string => {
  if (whole === undefined) return token
  if (exponent.length > MAX_EXPONENT_DIGITS) throw new CannotCanonicalise()
  const digits = (whole + fraction).replace(/^0+/, '')
  let end = digits.length
  while (digits[end - 1] === '0') end-- // /0+$/ takes quadratic time on a long run of inner zeros
  if (end === 0) return '0'
  const power = Number(exponent) - fraction.length + digits.length - end
  return sign + digits.slice(0, end) + (power === 0 ? '' : `e${power}`)
}

interface Member {
  readonly name: string
  /** Name and value as canonical text. */
  readonly text: string
}

/** Few members are inserted in order, which is faster. For many that would take quadratic time, so they are sorted. */
const FEW = 16

const addMember = (members: Member[], name: string, text: string): void => {
  let at = members.length
  if (at < FEW) for (; at > 0 && (members[at - 1] as Member).name > name; at--) members[at] = members[at - 1] as Member
  members[at] = { name, text }
}

/** By code units, as strings compare. */
const writeMembers = (members: Member[], leftOut?: ReadonlySet<string>): string => {
  if (members.length > FEW) members.sort((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)))
  const texts: string[] = []
  members.forEach(({ name, text }, index) => {
    if (name === members[index - 1]?.name) throw new CannotCanonicalise()
    if (!leftOut?.has(name)) texts.push(text)
  })
  return `{${texts.join()}}`
}

const writeValue = (value: unknown, path: string, depth: number): string => {
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'number' && Number.isFinite(value)) return canonicalScalar(scalarAt(String(value), 0))
  if (depth === MAX_DEPTH)
    throw new NotCanonical(`${path} is nested deeper than ${MAX_DEPTH} levels, or refers to itself`, true)
  if (Array.isArray(value)) return writeArray(value, path, depth)
  if (isPlainObject(value)) return writeObject(value, path, depth)
  const isParsed = value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY
  throw new NotCanonical(`${path} is ${describe(value)}, which JSON cannot represent without loss`, isParsed)
}

/** By index: a hole is then `undefined` and refused, while `map` would skip it. */
const writeArray = (value: readonly unknown[], path: string, depth: number): string => {
  const items: string[] = []
  for (let index = 0; index < value.length; index++) {
    items.push(writeValue(value[index], `${path}[${index}]`, depth + 1))
  }
  return `[${items.join()}]`
}

const writeObject = (value: object, path: string, depth: number): string => {
  const members: Member[] = []
  for (const [name, member] of Object.entries(value)) {
    if (member === undefined) continue
    addMember(members, name, `${JSON.stringify(name)}:${writeValue(member, `${path}${shownMember(name)}`, depth + 1)}`)
  }
  return writeMembers(members)
}

/** The place is for the log, and a member's name may be a customer's data: only names that look like code are shown. */
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
