import { checkOptions, type Given, mustMatch } from './rules.ts'
import { type ClientRuntime, systemRuntime } from './runtime.ts'

export interface FetchOptions {
  /**
   * How often a request is sent at most: 1 to 100.
   * @default 6
   */
  readonly attempts?: number | undefined
  /**
   * How long a call may take with all its attempts and waits, in seconds: 1 to 86,400.
   * @default 60
   */
  readonly deadlineSeconds?: number | undefined
  /**
   * How long one attempt may take until its answer is read, in seconds: 1 to 900. After that it counts as unanswered.
   * @default 30, which is when API Gateway gives up
   */
  readonly attemptSeconds?: number | undefined
  /**
   * The name of the header that carries the key.
   * @default 'Idempotency-Key'
   */
  readonly header?: string | undefined
  /**
   * `true` sends the key as it is, as Stripe's API wants it. `false` sends it as a String of RFC 9651, in quotes.
   * @default false
   */
  readonly raw?: boolean | undefined
  /**
   * Sends each attempt. Your function may add headers, such as a fresh token.
   * @default the global fetch
   */
  readonly fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined
  /** Clock, timers and randomness, for tests. */
  readonly runtime?: ClientRuntime | undefined
}

/** {@link FetchOptions}, checked, with defaults. */
export type Settings = Given<FetchOptions> &
  Required<Given<Pick<FetchOptions, 'attempts' | 'deadlineSeconds' | 'attemptSeconds' | 'header' | 'raw' | 'runtime'>>>

export const readSettings = (options: FetchOptions): Settings => {
  const settings = {
    attempts: 6,
    deadlineSeconds: 60,
    attemptSeconds: 30,
    header: 'Idempotency-Key',
    raw: false,
    runtime: systemRuntime,
    ...checkOptions(options, {
      attempts: [1, 100],
      deadlineSeconds: [1, 86_400],
      attemptSeconds: [1, 900],
      header: 'string',
      raw: 'boolean',
      fetch: 'function',
      runtime: 'object',
    }),
  }
  // A token: RFC 9110, section 5.6.2.
  mustMatch('option "header" is no name; it', settings.header, /^[\w-]+$/)
  return settings
}
