import type { Seen } from '../functions/seen.ts'

/** How an invocation ended, in words. */
export interface LaneEnd {
  readonly text: string
  readonly tone: 'good' | 'refused' | 'bad'
}

interface HttpResult {
  readonly statusCode?: number
  readonly headers?: Readonly<Record<string, unknown>>
  readonly body?: string
}

export const endOf = (seen: readonly Seen[]): LaneEnd | undefined => {
  const last = seen.find((one) => one.type === 'ended')
  if (last?.type !== 'ended') return undefined
  const { invoked } = last
  if (invoked.kind === 'returned') return answerOf((invoked.result ?? {}) as HttpResult)
  return { text: ENDS[invoked.kind], tone: 'bad' }
}

const ENDS = {
  died: 'the process died: 500',
  'timed-out': 'the process was killed at its time-out: 500',
  threw: 'the handler threw: 500',
} as const

const answerOf = ({ statusCode, headers, body }: HttpResult): LaneEnd => {
  if (statusCode === undefined) return { text: 'done', tone: 'good' }
  const said = codeIn(body) ?? statusIn(headers)
  return { text: said === undefined ? `${statusCode}` : `${statusCode} ${said}`, tone: toneOf(statusCode) }
}

const toneOf = (statusCode: number): LaneEnd['tone'] => {
  if (statusCode < 400) return 'good'
  return statusCode < 500 ? 'refused' : 'bad'
}

const statusIn = (headers: HttpResult['headers'] = {}): unknown =>
  Object.entries(headers).find(([name]) => name.toLowerCase() === 'idempotency-status')?.[1]

/** The code of a problem. */
const codeIn = (body: string = ''): string | undefined => {
  try {
    const { code } = JSON.parse(body) as { readonly code?: unknown }
    return typeof code === 'string' ? code : undefined
  } catch {
    return undefined
  }
}
