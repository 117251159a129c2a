import type { Answer } from './answer.ts'

/**
 * `final`: the answer of the operation. `refused`: no attempt under this key gets one. `retry`: a later attempt may get
 * one.
 */
export type Verdict = 'final' | 'refused' | 'retry'

/** What an answer means for the next attempt. */
export const judge = ({ response, status, problem }: Answer, hasKey: boolean, isSafe: boolean): Verdict => {
  if (status === 'created' || status === 'replayed') return 'final' // every attempt would get the same
  if (problem.retryable === false) return 'refused'
  // A run without a claim is not repeated: then the key protects nothing.
  const isProtected = hasKey && status !== 'unprotected' && status !== 'none'
  const mayRetry =
    isSafe || isProtected
      ? ((hasKey ? problem.retryable : undefined) ?? mayPass(response.status))
      : response.status === 503 && response.headers.has('retry-after')
  return mayRetry ? 'retry' : 'final'
}

/** 408, 425, 429, and 5xx but 501 (not implemented) and 505 (HTTP version not supported). */
const mayPass = (code: number): boolean => /4(08|25|29)|5(?!0[15])../.test(String(code))
