import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { isObject } from '../../core/option-rules.ts'
import { UsageError } from '../answer.ts'

/** The options of a function: the export `options` of the module, or its default export. */
export const loadOptions = async (file: string): Promise<Record<string, unknown>> => {
  const module = await load(file)
  const options = module.options ?? module.default
  if (isObject(options)) return options
  throw new UsageError(`--config: ${file} has no options; export them as \`options\`, or as the default`)
}

const load = async (file: string): Promise<Record<string, unknown>> => {
  try {
    return await import(pathToFileURL(resolve(file)).href)
  } catch (error) {
    throw new UsageError(`--config: ${file} cannot be loaded (${(error as Error).message})`)
  }
}
