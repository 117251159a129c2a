import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { ROOT } from '../support/doc-blocks.ts'

interface Rule {
  readonly from: { readonly path?: string }
}

const { allowed } = createRequire(import.meta.url)(join(ROOT, 'layers.config.cjs')) as { allowed: readonly Rule[] }

/** In the order of the config; the rules after the layers are about Node's modules and about packages. */
const layers = allowed.slice(0, -2).map(({ from }) => new RegExp(from.path ?? ''))

const [, map = ''] = readFileSync(join(ROOT, 'CONTRIBUTING.md'), 'utf8').split(/^## Map$/m)
const paths = [...map.matchAll(/^\| `([^`]+)`/gm)].map(([, path = '']) => path)

/** The files that a row names: `a/{b,c}.ts`, `a/*.ts`, or all of a folder. */
const filesOf = (path: string): readonly string[] => {
  const [folder = '', names] = /[{*]/.test(path) ? path.split(/(?<=\/)(?=[{*])/) : [path]
  if (names === undefined && !path.endsWith('/')) return [path]
  const listed = names?.match(/\w[\w-]*(?=[,}])/g)
  if (listed) return listed.map((name) => `${folder}${name}.ts`)
  const files = readdirSync(join(ROOT, folder), { encoding: 'utf8', recursive: names === undefined })
  return files.filter((file) => /\.(ts|mjs)$/.test(file)).map((file) => folder + file)
}

/** The layers of the files that a row names. */
const layersOf = (path: string): readonly number[] =>
  filesOf(path).map((file) => layers.findIndex((layer) => layer.test(file)))

test('the map in CONTRIBUTING.md has the layers of layers.config.cjs, one row each, in their order', () => {
  expect(paths.map((path) => [path, [...new Set(layersOf(path))]])).toEqual(paths.map((path, at) => [path, [at]]))
  expect(paths).toHaveLength(layers.length)
})
