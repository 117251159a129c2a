import { NotDoneError, TerminalError } from '../../core/outcome/handler-errors.ts'
import { type Decision, decide, endingOfHttpError } from '../../core/outcome/outcome-policy.ts'
import type { HttpSettings } from '../../http/options.ts'
import { afterDoubt } from './conflict-table.ts'

/** How a run ends, and what follows from it. docs/outcomes.md has the same rows for the default policy. */
export interface FailureRow {
  readonly handler: string
  readonly claim: string
  readonly caller: string
  readonly retry: string
}

/** Each class of statuses, and in the class of 4xx those that policies tell apart. */
const STATUSES = [
  200, 201, 202, 204, 301, 302, 303, 400, 401, 402, 403, 404, 408, 409, 410, 422, 425, 429, 500, 502, 503, 504,
]

const CLAIMS: Readonly<Record<Decision, string>> = { complete: 'completed', release: 'released', abandon: 'abandoned' }

export const failureTable = (settings: HttpSettings<never>): readonly FailureRow[] => {
  const inDoubt = retryInDoubt(settings)
  const retries: Readonly<Record<Decision, string>> = {
    complete: 'the same answer, `replayed`',
    release: 'a run, with any payload and new downstream keys',
    abandon: inDoubt,
  }
  const afterLease = `409 \`in-progress\` until the lease ends, then ${inDoubt}`
  return [
    ...answers(settings, retries),
    ...throws(settings, retries),
    {
      handler: 'crashes, or runs into its time-out',
      claim: 'left to its lease',
      caller: 'what the gateway answers to a crash',
      retry: afterLease,
    },
    {
      handler: 'is done, but the outcome cannot be written',
      claim: 'left to its lease',
      caller: settings.core.unstored === 'fail' ? '503 `idempotency-unavailable`' : 'the answer, `unstored`',
      retry: afterLease,
    },
    {
      handler: 'has not started, and the store does not answer',
      claim: 'none',
      caller:
        settings.core.storeDown === 'reject'
          ? '503 `idempotency-unavailable`; nothing runs'
          : 'the answer, `unprotected`, unless another run of the key is known',
      retry: settings.core.storeDown === 'reject' ? 'a run' : 'a second run',
    },
  ]
}

/** What the layer's own judgement of an abandoned record says. */
const retryInDoubt = ({ core }: HttpSettings<never>): string => {
  const [atOnce = '', past] = afterDoubt(core).map(wordsFor)
  if (past === undefined || core.rerunWithin === undefined) return atOnce
  return `for ${core.rerunWithin / 1_000} s ${atOnce}, after that ${past}`
}

const wordsFor = ({ verdict, result, status, code }: ReturnType<typeof afterDoubt>[number]): string => {
  if (verdict !== 'takeOver') return `${status} \`${code}\``
  return result.includes('asked') ? 'what your reconcile function decides' : 'a run at once, with the same payload'
}

/** The decisions of the policy itself, one row for each. A policy that reads the body may decide otherwise. */
const answers = (
  { outcomes }: HttpSettings<never>,
  retries: Readonly<Record<Decision, string>>,
): readonly FailureRow[] => {
  const decided = STATUSES.map(
    (statusCode) => [statusCode, decide(outcomes, { statusCode, headers: {}, body: undefined })] as const,
  )
  return (['complete', 'release', 'abandon'] as const).flatMap((decision) => {
    const statuses = decided.filter(([, made]) => made === decision).map(([status]) => status)
    if (statuses.length === 0) return []
    const caller = `the answer, \`${decision === 'complete' ? 'created' : CLAIMS[decision]}\``
    return [{ handler: `answers ${statuses.join(', ')}`, claim: CLAIMS[decision], caller, retry: retries[decision] }]
  })
}

const ERRORS: readonly (readonly [string, Error])[] = [
  ['throws `NotDoneError`', new NotDoneError('any')],
  [
    'throws an error with `expose: true` and a 4xx `statusCode`, in the wrapper form',
    Object.assign(new Error('any'), { expose: true, statusCode: 400 }),
  ],
  ['throws anything else', new Error('any')],
  ['throws `TerminalError`', new TerminalError('any')],
]

const throws = (
  { outcomes }: HttpSettings<never>,
  retries: Readonly<Record<Decision, string>>,
): readonly FailureRow[] =>
  ERRORS.map(([handler, error]) => {
    const { kind } = endingOfHttpError(error, outcomes)
    const isKept = kind === 'complete'
    return {
      handler,
      claim: isKept ? 'completed as failed' : CLAIMS[kind],
      caller: 'the error',
      retry: isKept ? 'an equal error' : retries[kind],
    }
  })
