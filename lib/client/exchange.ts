import type { Problem, ResultStatus } from './answer.ts'
import { attempt } from './attempt.ts'
import { AttemptsError, DeadlineError, type Facts, KeyReusedError, RefusedError } from './errors.ts'
import type { Settings } from './options.ts'
import { pauseMillis, retryAfterSeconds } from './pause.ts'
import type { PreparedRequest } from './request.ts'
import { judge } from './verdict.ts'

export interface Result {
  /** The answer of the operation, with any HTTP status. Its body has arrived. */
  readonly response: Response
  /** How the answer came about: the header `Idempotency-Status`, see docs/http.md. */
  readonly status: ResultStatus
  /** The key that was sent, if any. */
  readonly key: string | undefined
  /** How often the request was sent. */
  readonly attempts: number
}

/** Sends the request until an answer is final. `deadline`: epoch milliseconds. */
export const exchange = async (settings: Settings, request: PreparedRequest, deadline: number): Promise<Result> => {
  const { runtime } = settings
  const { key, isSafe, init } = request
  const signal = init.signal ?? undefined
  let response: Response | undefined
  for (let attempts = 1; ; attempts++) {
    signal?.throwIfAborted()
    const millis = Math.min(settings.attemptSeconds * 1_000, deadline - runtime.now())
    const outcome = await attempt(settings, request, millis)
    response = outcome.response ?? response
    const facts = { key, attempts, response }
    if (outcome.response !== undefined) {
      const { status, problem } = outcome
      const verdict = judge(outcome, key !== undefined, isSafe)
      if (verdict === 'final') return { ...facts, response: outcome.response, status }
      if (verdict === 'refused') throw refusal(problem, facts)
    }
    signal?.throwIfAborted()

    const asked = retryAfterSeconds(outcome.response?.headers, runtime.now())
    const wait = pauseMillis(attempts, asked ?? 0, runtime.random())
    const isLast = attempts >= settings.attempts || !(outcome.response || key || isSafe)
    if (isLast || runtime.now() + wait >= deadline) {
      const Unfinished = isLast ? AttemptsError : DeadlineError
      throw new Unfinished(`No final answer in ${attempts} attempts`, {
        ...facts,
        cause: outcome.cause,
        retryAfterSeconds: asked,
      })
    }
    await runtime.sleep(wait, signal)
  }
}

/** The server wants another key, or no key helps. */
const refusal = ({ code, key }: Problem, facts: Facts): RefusedError => {
  const Refusal = key === 'rotate' ? KeyReusedError : RefusedError
  return new Refusal(`The server refused: ${code}`, { ...facts, code })
}
