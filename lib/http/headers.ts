import { isObject } from '../core/option-rules.ts'

export type Fields = Readonly<Record<string, unknown>>

/** A text is one line of `headers`. A list has its lines in `multiValueHeaders`. */
type Header = readonly [name: string, value: string | readonly string[]]

export type Headers = readonly Header[]

/** The kind of value that headers stand in. A front takes nothing else in its place. */
export const isMap = (value: unknown): value is Fields => isObject(value) && !Array.isArray(value)

export const isNamed = ([name]: Header, lowerCase: string): boolean => name.toLowerCase() === lowerCase

export const isList = ([, value]: Header): boolean => typeof value !== 'string'

export const linesNamed = (headers: Headers, lowerCase: string): readonly string[] =>
  headers.filter((header) => isNamed(header, lowerCase)).flatMap(linesOf)

export const linesOf = ([, value]: Header): readonly string[] => [value].flat()

/** The headers whose name none of the others has. */
export const without = (headers: Headers, others: Headers): Headers =>
  headers.filter((header) => !others.some(([name]) => isNamed(header, name.toLowerCase())))

/** The headers in `headers` (`isSingle`) or in `multiValueHeaders`. */
export const headersIn = (map: unknown, isSingle: boolean): Headers =>
  Object.entries(isMap(map) ? map : {})
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => [name, isSingle && !Array.isArray(value) ? lineOf(value) : [value].flat().map(lineOf)])

export const lineOf = (value: unknown): string => (isObject(value) ? JSON.stringify(value) : String(value))

/** The lines of one name are one list (RFC 9110, section 5.3). */
export const joined = (headers: Headers): Readonly<Record<string, string>> =>
  Object.fromEntries(headers.map((header) => [header[0], linesOf(header).join(', ')]))

export const listed = (headers: Headers): Fields =>
  Object.fromEntries(headers.map((header) => [header[0], linesOf(header)]))

/**
 * If both maps name a header, `multiValueHeaders` counts, as behind a REST API. Two spellings of one name in one map are
 * two lines.
 */
export const headersOf = ({ headers, multiValueHeaders }: Fields): Headers => {
  const lists = headersIn(multiValueHeaders, false)
  return [...without(headersIn(headers, true), lists), ...lists]
}

/** Every header of an answer, by its name in lower case. */
export const headerTexts = (answer: Fields): Readonly<Record<string, string>> =>
  joined(headersOf(answer).map(([name, value]) => [name.toLowerCase(), value]))
