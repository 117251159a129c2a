import { fileURLToPath } from 'node:url'
import { node } from './check.ts'

const PROGRAM = fileURLToPath(new URL('./invoke.mjs', import.meta.url))

/** Lambda starts its Node with this flag. */
const AS_LAMBDA = '--no-experimental-require-module'

export interface Invocation {
  readonly times: number
  readonly env?: NodeJS.ProcessEnv
  /** Whether the file relies on what Lambda turns off. */
  readonly requiresEsModules?: boolean
}

/** What the handler in the file answers to one payment that is sent so many times, a line for each answer. */
export const invoke = async (file: string, { times, env = {}, requiresEsModules }: Invocation): Promise<string> => {
  const flags = requiresEsModules ? [] : [AS_LAMBDA]
  const { stdout } = await node([...flags, PROGRAM, file, `${times}`], { cwd: '/', env })
  return stdout
}
