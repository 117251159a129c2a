import { ERRORS, type ErrorCode } from '../../core/errors.ts'
import type { HttpSettings } from '../../http/options.ts'
import type { IdempotencyStatus } from '../../http/response.ts'
import { packageVersion } from '../version.ts'
import type { PolicyFacts } from './policy-facts.ts'

/** An OpenAPI 3.1 document of components. Refer to them from your own, or copy them. */
export const openApiOf = (settings: HttpSettings<never>, facts: PolicyFacts): object => {
  const parameter = keyParameter(settings)
  const operation = {
    ...(parameter === undefined ? {} : { parameters: [ref('parameters', 'IdempotencyKey')] }),
    responses: responseRefs(settings),
    'x-idempotency': facts,
  }
  return {
    openapi: '3.1.0',
    info: { title: `Idempotency of the operation ${facts.operation}`, version: packageVersion() },
    components: {
      ...(parameter === undefined ? {} : { parameters: { IdempotencyKey: parameter } }),
      headers: headersOf(settings),
      schemas: { IdempotencyProblem: PROBLEM },
      responses: { IdempotentAnswer: ANSWER, ...problemResponses(settings) },
      pathItems: {
        Idempotent: Object.fromEntries([...settings.methods].map((method) => [method.toLowerCase(), operation])),
      },
    },
  }
}

const ref = (kind: string, name: string) => ({ $ref: `#/components/${kind}/${name}` })

/** `undefined` if the key does not come from a header. */
const keyParameter = ({ key, missingKey }: HttpSettings<never>): object | undefined => {
  if (typeof key === 'function') return undefined
  const { name, profile } = key
  const form = profile === 'strict' ? 'in double quotes' : 'in double quotes or raw'
  return {
    name,
    in: 'header',
    required: missingKey === 'reject',
    description: `Names the request, ${form}. Every retry sends the same key, and every other request another one. 1 to 255 characters without the quotes.`,
    schema: { type: 'string', minLength: 1, ...(profile === 'strict' ? { pattern: '^".+"' } : {}) },
    example: '"8e03978e-40d5-43dd-bc93-6894a57f9324"',
  }
}

/** Each status that the answer of a handler can have, and whether these settings allow it. */
const STATUSES: Readonly<Record<IdempotencyStatus, (settings: HttpSettings<never>) => boolean>> = {
  created: () => true,
  replayed: () => true,
  released: () => true,
  abandoned: () => true,
  unstored: ({ core }) => core.unstored === 'answer',
  unprotected: ({ core }) => core.storeDown !== 'reject',
  none: ({ missingKey }) => missingKey === 'pass',
}

const headersOf = (settings: HttpSettings<never>) => ({
  IdempotencyStatus: {
    description: 'How the answer is stored.',
    schema: {
      type: 'string',
      enum: (Object.keys(STATUSES) as IdempotencyStatus[]).filter((status) => STATUSES[status](settings)),
    },
  },
  IdempotentReplayed: { description: 'Present on a replay.', schema: { type: 'string', const: 'true' } },
  RetryAfter: { description: 'Seconds to wait before the retry.', schema: { type: 'integer', minimum: 1 } },
  ...(settings.docsUrl === undefined
    ? {}
    : { ProblemLink: { description: 'Links to the page about the code.', schema: { type: 'string' } } }),
})

const ANSWER = {
  description: 'The answer of the operation: the first one, or its replay.',
  headers: {
    'Idempotency-Status': ref('headers', 'IdempotencyStatus'),
    'Idempotent-Replayed': ref('headers', 'IdempotentReplayed'),
  },
}

/** RFC 9457, with the members of the layer. */
const PROBLEM = {
  type: 'object',
  required: ['type', 'title', 'status', 'detail', 'code', 'retryable', 'key'],
  properties: {
    type: { type: 'string', format: 'uri' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { type: 'string', enum: Object.keys(ERRORS) },
    retryable: { type: 'boolean', description: 'Whether the same request may be answered if it is sent again later.' },
    key: { enum: ['keep', 'rotate'], description: 'Whether another attempt keeps its key, or needs a new one.' },
  },
}

/** The codes that these settings can cause. */
const codesOf = ({ missingKey, core }: HttpSettings<never>): readonly ErrorCode[] =>
  (Object.keys(ERRORS) as ErrorCode[]).filter(
    (code) =>
      (code !== 'key-missing' || missingKey === 'reject') && (code !== 'outcome-pending' || core.abandoned === 'ask'),
  )

const byStatus = (settings: HttpSettings<never>): ReadonlyMap<number, readonly ErrorCode[]> => {
  const groups = new Map<number, readonly ErrorCode[]>()
  for (const code of codesOf(settings)) {
    const { status } = ERRORS[code]
    groups.set(status, [...(groups.get(status) ?? []), code])
  }
  return groups
}

const nameOf = (status: number): string => `IdempotencyProblem${status}`

const responseRefs = (settings: HttpSettings<never>) => ({
  '2XX': ref('responses', 'IdempotentAnswer'),
  ...Object.fromEntries(
    [...byStatus(settings).keys()].map((status) => [String(status), ref('responses', nameOf(status))]),
  ),
})

const problemResponses = (settings: HttpSettings<never>) =>
  Object.fromEntries(
    [...byStatus(settings)].map(([status, codes]) => [nameOf(status), problemResponse(settings, codes)]),
  )

/** What the option `problem` answers is a function of yours, which cannot be described. */
const problemResponse = ({ docsUrl, problem }: HttpSettings<never>, codes: readonly ErrorCode[]) => {
  const description = codes.map((code) => `\`${code}\`: ${ERRORS[code].title}.`).join(' ')
  if (problem !== undefined) return { description: `${description} The option \`problem\` makes the answer.` }
  return {
    description,
    headers: {
      ...(codes.some((code) => ERRORS[code].retryable) ? { 'Retry-After': ref('headers', 'RetryAfter') } : {}),
      ...(docsUrl === undefined ? {} : { Link: ref('headers', 'ProblemLink') }),
    },
    content: {
      'application/problem+json': {
        schema: {
          allOf: [ref('schemas', 'IdempotencyProblem'), { properties: { code: { enum: codes } } }],
        },
      },
    },
  }
}
