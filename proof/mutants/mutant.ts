import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const PATCHES = fileURLToPath(new URL('./', import.meta.url))

/** A planted bug: a patch, below a line that describes it. */
export interface Mutant {
  readonly name: string
  readonly description: string
  readonly patch: string
  /** The store to simulate. The reference store does not run the code of the DynamoDB store. */
  readonly over: Over
}

type Over = import('../simulation/world.ts').Over
export type Simulation = typeof import('../simulation/simulate.ts')

/** The patch no longer applies to the sources. */
export class PatchFailedError extends Error {}

export const allMutants = (): readonly Mutant[] =>
  readdirSync(PATCHES)
    .filter((file) => file.endsWith('.patch'))
    .sort()
    .map((file) => {
      const patch = join(PATCHES, file)
      const text = readFileSync(patch, 'utf8')
      const over = text.includes('lib/dynamodb/') ? 'lean' : 'memory'
      return { name: basename(file, '.patch'), description: text.split('\n', 1)[0] as string, patch, over }
    })

/** Loads the simulation from a copy of the sources with the bug. */
export const mutated = async ({ name, patch }: Mutant): Promise<Simulation> => {
  const copy = mkdtempSync(join(tmpdir(), `lambda-once-${name}-`))
  try {
    for (const part of ['lib', 'proof/simulation', 'test/support/store-step.ts'])
      cpSync(join(ROOT, part), join(copy, part), { recursive: true })
    applyPatch(copy, patch)
    const outfile = join(copy, 'simulation.mjs')
    await build({
      entryPoints: [join(copy, 'proof/simulation/simulate.ts')],
      bundle: true,
      platform: 'node',
      format: 'esm',
      logLevel: 'silent',
      nodePaths: [join(ROOT, 'node_modules')], // the copy has no node_modules
      outfile,
    })
    return (await import(pathToFileURL(outfile).href)) as Simulation
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}

/** Without fuzz: if the surrounding lines change, a person has to look at the patch again. */
const applyPatch = (copy: string, patch: string): void => {
  try {
    execFileSync('git', ['apply', patch], { cwd: copy, stdio: 'pipe' })
  } catch (error) {
    throw new PatchFailedError(`${basename(patch)} no longer applies`, { cause: error })
  }
}
