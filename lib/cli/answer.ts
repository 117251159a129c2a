/**
 * 0: done. 1: the answer is no, for example nothing was found, a check failed, or the record has moved. 2: wrong usage.
 * 3: the store or the API refused, or cannot be reached.
 */
export type ExitStatus = 0 | 1 | 2 | 3

/** What a command found out. */
export interface Answer {
  readonly status: 0 | 1
  /** What `--json` prints. */
  readonly json: unknown
  /** What is printed without `--json`. */
  readonly lines: readonly string[]
}

/** The command line cannot be right. The message names the flag and its rule. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Something outside refused or cannot be reached. */
export class RemoteError extends Error {
  override readonly name = 'RemoteError'
  /** `'not-logged'`: the act is written, and only its line in the audit log is missing. */
  readonly code: 'unreachable' | 'not-logged'

  constructor(message: string, code: RemoteError['code'] = 'unreachable') {
    super(message)
    this.code = code
  }
}
