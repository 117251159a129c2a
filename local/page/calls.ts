import type { Seen } from '../functions/seen.ts'

/** A request that a function sent. */
export interface Call {
  readonly to: 'database' | 'other'
  readonly name: string
  readonly from: number
  /** When it ended, or the invocation did; absent while it goes on. */
  readonly at: number | undefined
  readonly failed: boolean
}

export const callsOf = (seen: readonly Seen[]): readonly Call[] => {
  const ended = seen.find(({ type }) => type === 'ended')
  return seen.flatMap((began) => {
    if (began.type !== 'called') return []
    const end = seen.find((one) => one.type === 'answered' && one.call === began.call)
    const failed = end?.type === 'answered' ? end.failed : ended !== undefined
    return [{ to: began.to, name: began.name, from: began.at, at: end?.at ?? ended?.at, failed }]
  })
}
