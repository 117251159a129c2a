import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const PATCHES = fileURLToPath(new URL('./', import.meta.url))

/** A planted bug: a patch, under a line that says what it breaks. */
export interface Mutant {
  readonly name: string
  readonly says: string
  readonly patch: string
}

export type Simulation = typeof import('../simulation/simulate.ts')

/** A patch that does not fit the sources any more. */
export class PatchFailed extends Error {}

export const allMutants = (): readonly Mutant[] =>
  readdirSync(PATCHES)
    .filter((file) => file.endsWith('.patch'))
    .sort()
    .map((file) => {
      const patch = join(PATCHES, file)
      return { name: basename(file, '.patch'), says: readFileSync(patch, 'utf8').split('\n', 1)[0] as string, patch }
    })

/** The simulation of a copy of the sources that has the bug. */
export const mutated = async ({ name, patch }: Mutant): Promise<Simulation> => {
  const copy = mkdtempSync(join(tmpdir(), `lambda-once-${name}-`))
  try {
    for (const part of ['lib/core', 'lib/stores', 'test/simulation'])
      cpSync(join(ROOT, part), join(copy, part), { recursive: true })
    applyPatch(copy, patch)
    const outfile = join(copy, 'simulation.mjs')
    await build({
      entryPoints: [join(copy, 'test/simulation/simulate.ts')],
      bundle: true,
      platform: 'node',
      format: 'esm',
      logLevel: 'silent',
      outfile,
    })
    return (await import(pathToFileURL(outfile).href)) as Simulation
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}

/** Strict: no fuzz, so that a patch whose surroundings have changed is looked at again. */
const applyPatch = (copy: string, patch: string): void => {
  try {
    execFileSync('git', ['apply', patch], { cwd: copy, stdio: 'pipe' })
  } catch (error) {
    throw new PatchFailed(`${basename(patch)} no longer applies`, { cause: error })
  }
}
