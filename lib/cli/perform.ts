import { ERRORS, IdempotencyError } from '../core/errors.ts'
import { OptionError } from '../core/option-rules.ts'
import { type Answer, type ExitStatus, RemoteError, UsageError } from './answer.ts'
import type { Io } from './io.ts'
import { paintedLine, printable, printableLines } from './printable.ts'

/** Runs one command and prints its answer. */
export type Perform = <TFlags extends CommonFlags>(
  command: (flags: TFlags, io: Io) => Promise<Answer>,
) => (flags: TFlags) => Promise<void>

export interface CommonFlags {
  readonly json?: boolean
}

/** `--json` prints one document for each exit status but 2, where the command did not begin. */
export const performer =
  (io: Io, end: (status: ExitStatus) => void): Perform =>
  (command) =>
  async (flags) => {
    try {
      const { status, json, lines } = await command(flags, { ...io, err: (line) => io.err(printable(line)) })
      if (flags.json) io.out(printableLines(JSON.stringify(json, null, 2)))
      else for (const line of lines) io.out(io.colours ? paintedLine(line) : printable(line))
      end(status)
    } catch (error) {
      end(fail(error, flags, io))
    }
  }

const fail = (error: unknown, { json }: CommonFlags, io: Io): ExitStatus => {
  const problem = problemOf(error)
  io.err(printableLines(`error: ${problem.message}`))
  if (problem.status === 3 && json)
    io.out(printable(JSON.stringify({ error: { code: problem.code, message: problem.message } })))
  return problem.status
}

export interface CliProblem {
  readonly status: 2 | 3
  readonly code: string
  readonly message: string
}

/** An error of another kind is a mistake of this program: its stack is the most useful message. */
export const problemOf = (error: unknown): CliProblem => {
  if (error instanceof UsageError || error instanceof OptionError)
    return { status: 2, code: 'usage', message: error.message }
  if (error instanceof IdempotencyError) {
    const { code, message } = error
    return { status: STORE_CODES.includes(code) ? 3 : 2, code, message: message || ERRORS[code].title }
  }
  if (error instanceof RemoteError) return { status: 3, code: error.code, message: error.message }
  const { stack } = error as Partial<Error>
  return missingPackage(error) ?? { status: 3, code: 'unexpected', message: stack ?? String(error) }
}

/** The AWS SDK is an optional peer: the functions have their own, and `demo` needs none. */
const missingPackage = (error: unknown): CliProblem | undefined => {
  const { code, message = '' } = error as Partial<NodeJS.ErrnoException>
  const name = code === 'ERR_MODULE_NOT_FOUND' ? /Cannot find package '([^']+)'/.exec(message)?.[1] : undefined
  return name === undefined
    ? undefined
    : { status: 2, code: 'usage', message: `this command needs the package ${name}: npm install ${name}` }
}

const STORE_CODES: readonly string[] = ['store-misconfigured', 'idempotency-unavailable']
