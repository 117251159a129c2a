import { spawnSync } from 'node:child_process'

/** Spin runs the C preprocessor over the model and compiles it as a C program. It uses `gcc` for both. */
const NEEDED = [
  { program: 'spin', flag: '-V', from: 'apt-get install spin' },
  { program: 'gcc', flag: '--version', from: 'apt-get install gcc libc6-dev' },
] as const

/** The error message for a missing program; `undefined` if none is missing. */
export const missingProgram = (): string | undefined => {
  const missing = NEEDED.find(({ program, flag }) => spawnSync(program, [flag]).error !== undefined)
  return missing === undefined ? undefined : `${missing.program} is missing (Debian: ${missing.from})`
}
