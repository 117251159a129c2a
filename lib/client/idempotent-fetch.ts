import { exchange, type Result } from './exchange.ts'
import { type FetchOptions, readSettings } from './options.ts'
import { type OperationInit, prepareRequest } from './request.ts'

/** Resolves to the answer of the operation. Rejects with a `RequestError`, a `UsageError`, or the reason of the signal. */
export type IdempotentFetch = (url: string | URL, init?: OperationInit) => Promise<Result>

/**
 * A `fetch` that makes one key for each call, sends the same request again while a retry is safe, and reads what the
 * server says about the key. It never changes method, body or key between attempts.
 *
 * Throws `UsageError` for an option that cannot be right.
 *
 * @example
 * const send = idempotentFetch({ attempts: 6, deadlineSeconds: 60 })
 * const { response, status } = await send('/payments', { method: 'POST', json: order })
 */
export const idempotentFetch = (options: FetchOptions = {}): IdempotentFetch => {
  const settings = readSettings(options)
  return async (url, init = {}) => {
    const { key } = init
    const deadline = settings.runtime.now() + settings.deadlineSeconds * 1_000
    const result = await exchange(settings, await prepareRequest(settings, url, init), deadline)
    if (result.status === 'released' && typeof key === 'object') await key?.unbind()
    return result
  }
}
