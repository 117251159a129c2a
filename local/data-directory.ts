import { accessSync, constants, mkdirSync } from 'node:fs'
import { StartRefused } from './start-refused.ts'

/** Makes the directory where it does not exist. Throws {@link StartRefused} where nothing could be kept in it. */
export const prepareDataDirectory = (path: string): void => {
  try {
    mkdirSync(path, { recursive: true })
    accessSync(path, constants.W_OK | constants.X_OK)
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException
    throw new StartRefused(`--data ${path} cannot be used (${code}): give a directory that you may write to`, {
      cause: error,
    })
  }
}
