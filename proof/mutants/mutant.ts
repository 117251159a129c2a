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
  /** The store in which it shows: what is wrong in DynamoDB's own is not met over the reference store. */
  readonly over: Over
}

type Over = import('../simulation/world.ts').Over
export type Simulation = typeof import('../simulation/simulate.ts')

/** A patch that does not fit the sources any more. */
export class PatchFailed extends Error {}

export const allMutants = (): readonly Mutant[] =>
  readdirSync(PATCHES)
    .filter((file) => file.endsWith('.patch'))
    .sort()
    .map((file) => {
      const patch = join(PATCHES, file)
      const text = readFileSync(patch, 'utf8')
      const over = text.includes('lib/dynamodb/') ? 'lean' : 'memory'
      return { name: basename(file, '.patch'), says: text.split('\n', 1)[0] as string, patch, over }
    })

/** The simulation of a copy of the sources that has the bug. */
export const mutated = async ({ name, patch }: Mutant): Promise<Simulation> => {
  const copy = mkdtempSync(join(tmpdir(), `lambda-once-${name}-`))
  try {
    for (const part of ['lib/core', 'lib/memory', 'lib/dynamodb', 'proof/simulation', 'test/support/store-step.ts'])
      cpSync(join(ROOT, part), join(copy, part), { recursive: true })
    applyPatch(copy, patch)
    const outfile = join(copy, 'simulation.mjs')
    await build({
      entryPoints: [join(copy, 'proof/simulation/simulate.ts')],
      bundle: true,
      platform: 'node',
      format: 'esm',
      logLevel: 'silent',
      nodePaths: [join(ROOT, 'node_modules')], // the copy has no packages of its own
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
