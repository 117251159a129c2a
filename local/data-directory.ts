import { accessSync, constants, mkdirSync } from 'node:fs'
import { StartRefusedError } from './flags.ts'

/** Creates the directory if it does not exist. Throws {@link StartRefusedError} if the process cannot write to it. */
export const prepareDataDirectory = (path: string): void => {
  try {
    mkdirSync(path, { recursive: true })
    accessSync(path, constants.W_OK | constants.X_OK)
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException
    throw new StartRefusedError(`--data ${path} cannot be used (${code}): give a directory that you may write to`, {
      cause: error,
    })
  }
}
