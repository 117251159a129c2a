import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { UsageError } from '../answer.ts'

/** Reads the JSON of a file, or of standard input for `-`. */
export const readJson = async (flag: string, file: string): Promise<unknown> => {
  const content = await contentOf(flag, file)
  try {
    return JSON.parse(content)
  } catch (error) {
    throw new UsageError(`${flag}: ${file} is not JSON (${(error as Error).message})`)
  }
}

const contentOf = async (flag: string, file: string): Promise<string> => {
  try {
    return file === '-' ? await text(process.stdin) : await readFile(file, 'utf8')
  } catch (error) {
    throw new UsageError(`${flag}: ${file} cannot be read (${(error as Error).message})`)
  }
}
