import { MAX_KEY_LENGTH } from '../core/limits.ts'

/**
 * `strict`: a quoted String of RFC 9651, as draft-ietf-httpapi-idempotency-key-header-07, section 2.1, requires.
 * `compat`: also the raw values that most clients send today.
 */
export type HeaderProfile = 'strict' | 'compat'

/** The header that a key comes from. draft-ietf-httpapi-idempotency-key-header-07 names `Idempotency-Key`. */
export interface KeyHeader {
  readonly name: string
  readonly profile: HeaderProfile
}

/** What the option `key` may say of a header: the profile of the draft's header, or another header and its profile. */
export type KeyHeaderChoice =
  | { readonly header: HeaderProfile }
  | { readonly header: string; readonly profile: HeaderProfile }

export const keyHeader = (choice: KeyHeaderChoice): KeyHeader =>
  'profile' in choice
    ? { name: choice.header, profile: choice.profile }
    : { name: 'Idempotency-Key', profile: choice.header }

export const isProfile = (value: unknown): value is HeaderProfile => value === 'strict' || value === 'compat'

export type ParsedKey =
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'missing' }
  | { readonly kind: 'invalid'; readonly rule: string }

/** API Gateway refuses more than 10,240 bytes of headers in all; nothing that is longer than this is a key. */
const MAX_HEADER_LENGTH = 8_192

/** Visible ASCII but `"`, `,`, `;`, `\`: what no list, parameter or quoted string can be mistaken for. */
const RAW_KEY = /^[!#-+\--:<-[\]-~]+$/

/** The whole of a String (RFC 9651, section 4.2.5), and the text behind it. */
const ITEM = /^"((?:[ !#-[\]-~]|\\["\\])*)"(.*)$/

/** The value of a parameter: any type of RFC 9651, sections 4.2.4 to 4.2.10. The inside of a Display String is captured. */
const VALUE = [
  /-?\d{1,12}\.\d{1,3}/, // Decimal
  /@?-?\d{1,15}/, // Integer, Date
  /"(?:[ !#-[\]-~]|\\["\\])*"/, // String
  /[A-Za-z*][\w:/!#$%&'*+.^`|~-]*/, // Token
  /:(?:[A-Za-z\d+/]{4})*(?:[A-Za-z\d+/]{2}(?:==|[A-Za-z\d+/]=?)?)?:/, // Byte Sequence
  /\?[01]/, // Boolean
  /%"((?:[ !#$&-~]|%[\da-f]{2})*)"/, // Display String
]
  .map(({ source }) => source)
  .join('|')

/** One parameter (RFC 9651, section 4.2.3.2). */
const PARAMETER = new RegExp(`; *[a-z*][a-z\\d_.*-]*(?:=(?:${VALUE}))?`, 'gy')

/** Both spellings of one key, `abc` and `"abc"`, give the same key. */
export const parseKeyHeader = (lines: readonly string[], profile: HeaderProfile): ParsedKey => {
  const [line, ...others] = lines
  if (line === undefined) return { kind: 'missing' }
  if (others.length > 0) return invalid('the header must be sent once')
  if (line.length > MAX_HEADER_LENGTH) return invalid(`the key must have at most ${MAX_KEY_LENGTH} characters`)
  const value = withoutOuterSpace(line)
  return profile === 'compat' && !value.startsWith('"') ? rawKey(value) : quotedKey(value)
}

/** Spaces and tabs only (RFC 9110, section 5.6.3): `trim` would take more, and so accept what is not ASCII. */
const withoutOuterSpace = (line: string): string => {
  let from = 0
  let to = line.length
  while (from < to && (line[from] === ' ' || line[from] === '\t')) from++
  while (to > from && (line[to - 1] === ' ' || line[to - 1] === '\t')) to--
  return line.slice(from, to)
}

const rawKey = (value: string): ParsedKey =>
  RAW_KEY.test(value)
    ? withinLength(value)
    : invalid('the key must be a quoted string, or 1 to 255 visible ASCII characters without " , ; \\')

const quotedKey = (value: string): ParsedKey => {
  const key = parsedString(value)
  return key === undefined ? invalid('the key must be one quoted string (RFC 9651, section 3.3.3)') : withinLength(key)
}

/** Parameters after the string are allowed by the syntax, and mean nothing here. */
const parsedString = (value: string): string | undefined => {
  const [, text, parameters = ''] = ITEM.exec(value) ?? []
  const rest = parameters.replace(PARAMETER, (parameter, display = '') => (isUtf8(display) ? '' : parameter))
  return rest === '' ? text?.replace(/\\(.)/g, '$1') : undefined
}

const isUtf8 = (percentEncoded: string): boolean => {
  try {
    decodeURIComponent(percentEncoded)
    return true
  } catch {
    return false
  }
}

const withinLength = (key: string): ParsedKey =>
  key.length >= 1 && key.length <= MAX_KEY_LENGTH
    ? { kind: 'key', key }
    : invalid(`the key must have 1 to ${MAX_KEY_LENGTH} characters`)

const invalid = (rule: string): ParsedKey => ({ kind: 'invalid', rule })
