import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT: string = fileURLToPath(new URL('../../', import.meta.url))

/** A fenced block of a document. */
export interface DocBlock {
  /** File and line, such as `README.md:12`. */
  readonly place: string
  readonly language: string
  readonly text: string
}

export const documents = (): readonly string[] => [
  'README.md',
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name))
    .sort(),
]

export const blocksOf = (document: string): readonly DocBlock[] => {
  const source = readFileSync(join(ROOT, document), 'utf8')
  return [...source.matchAll(/^```(\w+)[^\n]*\n(.*?)^```$/gms)].map((match) => ({
    place: `${document}:${source.slice(0, match.index).split('\n').length}`,
    language: match[1] ?? '',
    text: match[2] ?? '',
  }))
}
