import { spawnSync } from 'node:child_process'

/** Spin makes a C program of the model, and runs the preprocessor over it first: both by `gcc`. */
const NEEDED = [
  { program: 'spin', flag: '-V', from: 'apt-get install spin' },
  { program: 'gcc', flag: '--version', from: 'apt-get install gcc libc6-dev' },
] as const

/** What to say where a program is missing; `undefined` where all are there. */
export const missingProgram = (): string | undefined => {
  const missing = NEEDED.find(({ program, flag }) => spawnSync(program, [flag]).error !== undefined)
  return missing === undefined ? undefined : `${missing.program} is missing (Debian: ${missing.from})`
}
