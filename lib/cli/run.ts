import { CommanderError } from 'commander'
import type { ExitStatus } from './answer.ts'
import type { Io } from './io.ts'
import { performer } from './perform.ts'
import { createProgram } from './program.ts'

/** Runs the command line `argv`, without the name of the program, and returns the exit status. */
export const run = async (argv: readonly string[], io: Io): Promise<ExitStatus> => {
  let status: ExitStatus = 0
  const program = createProgram(
    io,
    performer(io, (ended) => {
      status = ended
    }),
  )
  try {
    await program.parseAsync(argv, { from: 'user' })
    return status
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    throw error
  }
}
