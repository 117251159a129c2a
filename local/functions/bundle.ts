import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

export interface Bundles {
  /** The file of a function, by its name. */
  file(name: string): string
  /** What runs in the process of a function. */
  readonly mainFile: string
  remove(): Promise<void>
}

const PACKAGE_ROOT = fileURLToPath(new URL('../../', import.meta.url))

const MAIN = 'function-main'

/** CommonJS dependencies inside an ES module call `require`, which an ES module does not have. */
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
      logLevel: 'silent', // a failure throws, with the same text
    })
  } catch (error) {
    await remove()
    throw error
  }
  return { file: (name) => join(directory, `${name}.mjs`), mainFile: join(directory, `${MAIN}.mjs`), remove }
}

/**
 * The package's public names, each to the source that its `exports` entry is built from: what runs is what stands in
 * the working tree, with no build in between.
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
