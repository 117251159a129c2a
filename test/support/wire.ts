import type { TestEventKind } from './http-events.ts'

/** A client's view of an answer: header names in lower case, the lines of one name in their order. */
export interface Wire {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, readonly string[]>>
  readonly body: string
}

type Fields = Readonly<Record<string, unknown>>
type Lines = readonly (readonly [name: string, value: string])[]

const single = (map: unknown): Lines => Object.entries((map ?? {}) as Record<string, string>)

const multi = (map: unknown): Lines =>
  Object.entries((map ?? {}) as Record<string, string[]>).flatMap(([name, values]) =>
    values.map((value) => [name, value] as const),
  )

const cookies = (list: unknown): Lines => ((list ?? []) as string[]).map((value) => ['set-cookie', value])

const named = (lines: Lines): ReadonlySet<string> => new Set(lines.map(([name]) => name.toLowerCase()))

/** From "Create AWS Lambda proxy integrations for HTTP APIs in API Gateway": `headers` and `cookies`, no other map. */
const payload20 = (answer: Fields): Lines => [...single(answer.headers), ...cookies(answer.cookies)]

/**
 * From "Lambda proxy integrations in API Gateway": both maps are merged, and `multiValueHeaders` wins. From "Use Lambda
 * functions as targets of an Application Load Balancer": `multiValueHeaders` if they are turned on, otherwise `headers`.
 * From "Lambda functions as targets in VPC Lattice": `headers`.
 */
const LINES: Readonly<Record<TestEventKind, (answer: Fields) => Lines>> = {
  'http-api': payload20,
  'function-url': payload20,
  'rest-api': ({ headers, multiValueHeaders }) => {
    const many = multi(multiValueHeaders)
    return [...single(headers).filter(([name]) => !named(many).has(name.toLowerCase())), ...many]
  },
  alb: ({ headers }) => single(headers),
  'alb-multi-value': ({ multiValueHeaders }) => multi(multiValueHeaders),
  lattice: ({ headers }) => single(headers),
  'lattice-v1': ({ headers }) => single(headers),
}

const COMMON = ['statusCode', 'body', 'isBase64Encoded']

const MEMBERS: Readonly<Record<TestEventKind, readonly string[]>> = {
  'http-api': [...COMMON, 'headers', 'cookies'],
  'function-url': [...COMMON, 'headers', 'cookies'],
  'rest-api': [...COMMON, 'headers', 'multiValueHeaders'],
  alb: [...COMMON, 'headers', 'statusDescription'],
  'alb-multi-value': [...COMMON, 'multiValueHeaders', 'statusDescription'],
  lattice: [...COMMON, 'headers', 'statusDescription'],
  'lattice-v1': [...COMMON, 'headers', 'statusDescription'],
}

/** What an API of this kind sends to the client. Throws if the answer does not have the form for this kind. */
export const wireOf = (kind: TestEventKind, result: unknown): Wire => {
  const answer = result as Fields
  const unknown = Object.keys(answer).filter((member) => !MEMBERS[kind].includes(member))
  if (unknown.length > 0) throw new Error(`An answer of kind ${kind} has no member ${unknown.join(', ')}`)
  if (/^(alb|lattice)/.test(kind) && typeof answer.isBase64Encoded !== 'boolean')
    throw new Error('A load balancer and VPC Lattice need isBase64Encoded')
  const headers: Record<string, string[]> = {}
  for (const [name, value] of LINES[kind](answer)) {
    if (typeof value !== 'string') throw new Error(`The header ${name} is ${typeof value}, not a string`)
    headers[name.toLowerCase()] = [...(headers[name.toLowerCase()] ?? []), value]
  }
  const body = Buffer.from(String(answer.body), answer.isBase64Encoded === true ? 'base64' : 'utf8')
  return { statusCode: Number(answer.statusCode), headers, body: body.toString('latin1') }
}
