import { readFileSync } from 'node:fs'

/** The manifest is two folders above the sources, and three above the built files. */
export const packageVersion = (): string => {
  const here = new URL(import.meta.url)
  for (const up of ['../../package.json', '../../../package.json']) {
    const version = versionIn(new URL(up, here))
    if (version !== undefined) return version
  }
  return 'unknown'
}

const versionIn = (file: URL): string | undefined => {
  try {
    const { name, version }: { name?: string; version?: string } = JSON.parse(readFileSync(file, 'utf8'))
    return name === 'lambda-once' ? version : undefined
  } catch {
    return undefined
  }
}
