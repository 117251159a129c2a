import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** One thing that has to work in a user's project. */
export interface Check {
  readonly name: string
  /** Throws where it does not work, with what there is to say about it. */
  run(): Promise<void>
}

/** Two cores, and most of a check is one process at work. */
const AT_ONCE = 2

/** Runs all, whatever fails. Answers whether all passed. */
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

/** What a Node program prints. Throws, with all of it, where the program ends with another status than 0. */
export const node = (
  args: readonly string[],
  { cwd, env = {} }: { readonly cwd: string; readonly env?: NodeJS.ProcessEnv },
): Promise<{ readonly stdout: string; readonly stderr: string }> =>
  run(process.execPath, [...args], { cwd, env: { ...process.env, ...env } })

const said = (error: unknown): string => {
  const { stdout = '', stderr = '', message } = error as { stdout?: string; stderr?: string; message?: string }
  return `${stdout}${stderr}` || String(message)
}
