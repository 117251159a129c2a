import { fileURLToPath } from 'node:url'
import { node } from './check.ts'

const PROGRAM = fileURLToPath(new URL('./invoke.mjs', import.meta.url))

/** Lambda starts Node with this flag. */
const AS_LAMBDA = '--no-experimental-require-module'

export interface Invocation {
  readonly times: number
  readonly env?: NodeJS.ProcessEnv
  /** Whether the file needs a feature that Lambda turns off. */
  readonly requiresEsModules?: boolean
}

/** Sends the handler in the file the same payment several times. Returns one line for each answer. */
export const invoke = async (file: string, { times, env = {}, requiresEsModules }: Invocation): Promise<string> => {
  const flags = requiresEsModules ? [] : [AS_LAMBDA]
  const { stdout } = await node([...flags, PROGRAM, file, `${times}`], { cwd: '/', env })
  return stdout
}
