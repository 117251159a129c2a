import { execFile } from 'node:child_process'
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

const MODEL = fileURLToPath(new URL('./claim.pml', import.meta.url))
const NAME = 'claim.pml'

/** Sizes of the model's world, named as in its first lines. `true` turns an option on. */
export type World = Readonly<Record<string, number | true>>

/**
 * `depthFirst` needs less memory: use it for a model that should hold. `breadthFirst` finds the shortest way to an
 * error.
 */
export type Search = 'depthFirst' | 'breadthFirst'

export interface Searched {
  readonly states: number
  /** Number of steps of the longest path. */
  readonly depth: number
  readonly seconds: number
  /** The way to the error, in words; `undefined` if there is no error. */
  readonly counterexample: readonly string[] | undefined
}

/**
 * O0: the way to a planted bug is short, and optimizing would take longer than the search. NOREDUCE: nearly every step
 * touches the record, so partial-order reduction only costs time. COLLAPSE: stores states in an eighth of their size.
 */
const FLAGS: Readonly<Record<Search, readonly string[]>> = {
  depthFirst: ['-O1', '-DSAFETY', '-DNOREDUCE', '-DCOLLAPSE'],
  breadthFirst: ['-O0', '-DSAFETY', '-DNOREDUCE', '-DBFS'],
}

/** Deeper than any path of these worlds. A search that reaches this limit counts as failed. */
const MAX_DEPTH = 100_000

const LONG_OUTPUT = { maxBuffer: 64 * 1024 * 1024 } as const

/** Searches every state that the model can reach in this world, until one breaks an invariant. */
export const search = async (world: World, how: Search): Promise<Searched> => {
  const directory = await mkdtemp(join(tmpdir(), 'lambda-once-model-'))
  try {
    return await searchIn(directory, defines(world), how)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

const searchIn = async (cwd: string, world: readonly string[], how: Search): Promise<Searched> => {
  await copyFile(MODEL, join(cwd, NAME))
  await run('spin', [...world, '-a', NAME], { cwd })
  await run('gcc', ['-w', ...FLAGS[how], '-o', 'pan', 'pan.c'], { cwd })
  const before = performance.now()
  const depth = how === 'depthFirst' ? [`-m${MAX_DEPTH}`] : []
  const { stdout } = await run('./pan', depth, { cwd, ...LONG_OUTPUT })
  const seconds = (performance.now() - before) / 1_000
  if (/Search not completed|max search depth too small/.test(stdout) && !stdout.includes('errors: 1'))
    throw new Error(`The search was cut short:\n${stdout.slice(0, 2_000)}`)
  const counterexample = numberIn(stdout, /errors: (\d+)/) === 0 ? undefined : await narrate(cwd, world, stdout)
  return {
    states: numberIn(stdout, /(\S+) states, stored/),
    depth: numberIn(stdout, /depth reached (\d+)/),
    seconds,
    counterexample,
  }
}

/** Replays the recorded trail and returns the lines that the model prints. */
const narrate = async (cwd: string, world: readonly string[], said: string): Promise<readonly string[]> => {
  await readFile(join(cwd, `${NAME}.trail`)).catch(() => {
    throw new Error(`An error without a trail:\n${said.slice(0, 2_000)}`)
  })
  const { stdout } = await run('spin', [...world, '-t', '-T', NAME], { cwd, ...LONG_OUTPUT })
  const lines = stdout.split('\n').map((line) => line.trim())
  const end = lines.findIndex((line) => line.startsWith('spin:') || line.startsWith('#processes'))
  return [...lines.slice(0, end === -1 ? undefined : end), ...invalidEnd(said)].filter((line) => line !== '')
}

/** Not one of our invariants, but also an error: a state in which a process waits forever. */
const invalidEnd = (said: string): readonly string[] =>
  said.includes('invalid end state (') ? ['BROKEN a process waits forever'] : []

const defines = (world: World): readonly string[] =>
  Object.entries(world).map(([name, value]) => (value === true ? `-D${name}` : `-D${name}=${value}`))

const numberIn = (text: string, pattern: RegExp): number => {
  const found = Number(pattern.exec(text)?.[1] ?? Number.NaN)
  if (Number.isNaN(found)) throw new Error(`Spin's report has no ${pattern}:\n${text.slice(0, 2_000)}`)
  return found
}
