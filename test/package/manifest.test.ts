import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../support/doc-blocks.ts'

interface Entry {
  readonly types: string
  readonly default: string
}

interface Manifest {
  readonly main: string
  readonly types: string
  readonly exports: Readonly<Record<string, Entry | string>>
  readonly typesVersions: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>
}

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest

const entries = Object.entries(manifest.exports).filter((row): row is [string, Entry] => typeof row[1] !== 'string')

test('A resolver that ignores exports finds the same root entry through main and types.', () => {
  expect({ types: manifest.types, default: manifest.main }).toEqual(manifest.exports['.'])
})

test('typesVersions has exactly one row for each subpath of exports, with the same declarations.', () => {
  const subpaths = entries.filter(([subpath]) => subpath !== '.')
  expect(manifest.typesVersions).toEqual({
    '*': Object.fromEntries(subpaths.map(([subpath, { types }]) => [subpath.slice('./'.length), [types]])),
  })
})

test.each(entries)('The entry %s has a source file.', (_, entry) => {
  const sourceOf = (target: string): string => target.replace(/^\.\/dist\/(.*?)\.(?:d\.ts|js)$/, '$1.ts')
  expect(sourceOf(entry.types)).toBe(sourceOf(entry.default))
  expect(existsSync(join(ROOT, sourceOf(entry.default)))).toBe(true)
})
