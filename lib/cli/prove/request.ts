import { RemoteError } from '../answer.ts'

/** How one request was answered. */
export interface Reply {
  /** `undefined`: no answer. */
  readonly status: number | undefined
  /** What the layer did: the header `Idempotency-Status`, or the code of its problem. */
  readonly how: string | undefined
  readonly body: string
}

export interface Target {
  readonly url: string
  readonly method: string
  readonly key: string
  readonly headers: readonly (readonly [string, string])[]
}

/** API Gateway gives up after 30 s. */
const PATIENCE_MILLIS = 35_000

export const send = async ({ url, method, key, headers }: Target, body: string): Promise<Reply> => {
  try {
    const answer = await fetch(url, {
      method,
      body,
      headers: [['content-type', 'application/json'], ['idempotency-key', JSON.stringify(key)], ...headers].map(
        ([name = '', value = '']): [string, string] => [name, value],
      ),
      redirect: 'manual',
      signal: AbortSignal.timeout(PATIENCE_MILLIS),
    })
    const text = await answer.text()
    return { status: answer.status, how: answer.headers.get('idempotency-status') ?? codeIn(text), body: text }
  } catch (error) {
    return { status: undefined, how: causeOf(error), body: '' }
  }
}

/** The code of a problem document. */
const codeIn = (text: string): string | undefined => {
  try {
    const { code } = JSON.parse(text) as { code?: unknown }
    return typeof code === 'string' ? code : undefined
  } catch {
    return undefined
  }
}

const causeOf = (error: unknown): string => {
  const { message, cause } = error as Error
  return cause instanceof Error ? ((cause as NodeJS.ErrnoException).code ?? cause.message) : message
}

/** How many effects there are: a number, an array, or an object with one of them as its only such member. */
export const countEffects = async (url: string, headers: Target['headers']): Promise<number> => {
  const answer = await fetch(url, {
    headers: headers.map(([name, value]): [string, string] => [name, value]),
    signal: AbortSignal.timeout(PATIENCE_MILLIS),
  }).catch((error: unknown) => {
    throw new RemoteError(`--effects-url cannot be reached (${causeOf(error)})`)
  })
  const count = answer.ok ? countIn(await answer.json().catch(() => undefined)) : undefined
  if (count !== undefined) return count
  throw new RemoteError(
    `--effects-url answered ${answer.status} without a count; it must answer JSON: a number, an array, or an object with one of them`,
  )
}

const countIn = (value: unknown): number | undefined => {
  if (typeof value === 'number') return value
  if (Array.isArray(value)) return value.length
  if (typeof value !== 'object' || value === null) return undefined
  const counts = Object.values(value).filter((member) => typeof member === 'number' || Array.isArray(member))
  return counts.length === 1 ? countIn(counts[0]) : undefined
}
