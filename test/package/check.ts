import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** Something that must work in a user's project. */
export interface Check {
  readonly name: string
  /** Throws an error with the details if it does not work. */
  run(): Promise<void>
}

/** For two cores: most of the time a check runs one process. */
const AT_ONCE = 2

/** Runs all checks, even if some fail. Returns whether all passed. */
export const runChecks = async (checks: readonly Check[]): Promise<boolean> => {
  const waiting = [...checks]
  let passed = true
  const work = async (): Promise<void> => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
      const error = await check.run().catch((thrown: unknown) => thrown ?? new Error('It failed'))
      console.log(`${error === undefined ? 'ok    ' : 'FAILED'} ${check.name}`)
      if (error === undefined) continue
      passed = false
      console.error(said(error))
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return passed
}

const run = promisify(execFile)

/** Returns the output of a Node program. Throws an error with the output if the exit status is not 0. */
export const node = (
  args: readonly string[],
  { cwd, env = {} }: { readonly cwd: string; readonly env?: NodeJS.ProcessEnv },
): Promise<{ readonly stdout: string; readonly stderr: string }> =>
  run(process.execPath, [...args], { cwd, env: { ...process.env, ...env } })

const said = (error: unknown): string => {
  const { stdout = '', stderr = '', message } = error as { stdout?: string; stderr?: string; message?: string }
  return `${stdout}${stderr}` || String(message)
}
