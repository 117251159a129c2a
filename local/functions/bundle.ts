import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

export interface Bundles {
  /** Path of the bundle of a function, by the function's name. */
  file(name: string): string
  /** Path of the bundle that runs in the process of each function and loads its handler. */
  readonly mainFile: string
  remove(): Promise<void>
}

const PACKAGE_ROOT = fileURLToPath(new URL('../../', import.meta.url))

const MAIN = 'function-main'

/** An ES module has no `require`, but the CommonJS dependencies in the bundle call it. */
const REQUIRE =
  "import { createRequire as lambdaRequire } from 'node:module'; const require = lambdaRequire(import.meta.url);"

/** Bundles each function into one file, as a deployment does. `entries`: name to source file. */
export const bundleFunctions = async (entries: Readonly<Record<string, string>>): Promise<Bundles> => {
  const directory = await mkdtemp(join(tmpdir(), 'lambda-once-'))
  const remove = (): Promise<void> => rm(directory, { recursive: true, force: true })
  try {
    await build({
      entryPoints: { ...entries, [MAIN]: fileURLToPath(new URL('./function-main.ts', import.meta.url)) },
      outdir: directory,
      outExtension: { '.js': '.mjs' },
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      banner: { js: REQUIRE },
      alias: publicNames(),
      logLevel: 'silent', // a failure throws an error with the same text
    })
  } catch (error) {
    await remove()
    throw error
  }
  return { file: (name) => join(directory, `${name}.mjs`), mainFile: join(directory, `${MAIN}.mjs`), remove }
}

/**
 * Maps each public name of the package to the source file of its `exports` entry, so the functions run the code of the
 * working tree without a build.
 */
const publicNames = (): Record<string, string> => {
  const manifest = JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8')) as Manifest
  const names: Record<string, string> = {}
  for (const [subpath, target] of Object.entries(manifest.exports)) {
    const source = typeof target === 'string' ? undefined : /^\.\/dist\/(.*)\.js$/.exec(target.default)?.[1]
    if (source !== undefined) names[`${manifest.name}${subpath.slice(1)}`] = join(PACKAGE_ROOT, `${source}.ts`)
  }
  return names
}

interface Manifest {
  readonly name: string
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>
}
