/**
 * `npm run model`: checks every state of the model in worlds of several sizes, then searches for each planted bug and
 * prints the shortest way to its harm. `--quick`: the small worlds only. Exit status: 1 if a check fails, 3 if Spin is
 * missing.
 */
import { availableParallelism } from 'node:os'
import { PLANTED_BUGS, type PlantedBug } from './bugs.ts'
import { missingProgram } from './missing.ts'
import { type Searched, search } from './spin.ts'
import { LARGE_WORLDS, type NamedWorld, SMALL_WORLDS } from './worlds.ts'

const WRONG = 1
const MISSING = 3

const figures = ({ states, seconds }: Searched): string =>
  `${states.toLocaleString('en').padStart(12)} states ${seconds.toFixed(1).padStart(6)} s`

const print = (lines: readonly string[]): void => {
  for (const line of lines) console.log(`      ${line}`)
}

const printWorld = ({ name }: NamedWorld, searched: Searched): boolean => {
  const holds = searched.counterexample === undefined
  console.log(`${holds ? 'holds ' : 'BROKEN'}  ${figures(searched)}  ${name}`)
  print(searched.counterexample ?? [])
  return holds
}

const printBug = ({ name, what }: PlantedBug, { counterexample }: Searched): boolean => {
  console.log(`\n${counterexample === undefined ? 'MISSED' : 'found '}  ${what} (BUG_${name})`)
  print(counterexample ?? [])
  return counterexample !== undefined
}

/** How many searches run at the same time. Each takes up to 300 MB. */
const SIDE_BY_SIDE = Math.min(4, availableParallelism())

/** Starts the searches side by side, and prints them in their order. Returns how many ended as they should. */
const searchAll = async <T>(
  all: readonly T[],
  start: (one: T) => Promise<Searched>,
  printOne: (one: T, searched: Searched) => boolean,
): Promise<number> => {
  const searches: Promise<Searched>[] = []
  let right = 0
  for (const [index, one] of all.entries()) {
    for (const next of all.slice(searches.length, index + SIDE_BY_SIDE)) searches.push(start(next))
    if (printOne(one, (await searches[index]) as Searched)) right++
  }
  return right
}

const allHold = (worlds: readonly NamedWorld[]): Promise<number> =>
  searchAll(worlds, ({ world }) => search(world, 'depthFirst'), printWorld)

/** The large worlds need gigabytes each, so they run one after the other. */
const largeHold = async (worlds: readonly NamedWorld[]): Promise<number> => {
  let held = 0
  for (const world of worlds) held += await allHold([world])
  return held
}

const findBugs = (bugs: readonly PlantedBug[]): Promise<number> =>
  searchAll(bugs, ({ name, world }) => search({ ...world, [`BUG_${name}`]: true }, 'breadthFirst'), printBug)

const checkModel = async (quick: boolean): Promise<boolean> => {
  const large = quick ? [] : LARGE_WORLDS
  const worlds = SMALL_WORLDS.length + large.length
  console.log('The protocol, in every state that it can reach:')
  const held = (await allHold(SMALL_WORLDS)) + (await largeHold(large))
  console.log('\nPlanted bugs, each with the shortest way to its harm:')
  const found = await findBugs(PLANTED_BUGS)
  const passed = held === worlds && found === PLANTED_BUGS.length
  console.log(
    `\nmodel: ${passed ? 'passed' : 'FAILED'}; worlds ${held} of ${worlds}; ` +
      `planted bugs found ${found} of ${PLANTED_BUGS.length}`,
  )
  return passed
}

const main = async (flags: readonly string[]): Promise<number> => {
  const unknown = flags.find((flag) => flag !== '--quick')
  if (unknown !== undefined) {
    console.error(`model: ${unknown} is not known; the flag is --quick`)
    return 2
  }
  const missing = missingProgram()
  if (missing !== undefined) {
    console.error(`model: not run: ${missing}`)
    return MISSING
  }
  return (await checkModel(flags.includes('--quick'))) ? 0 : WRONG
}

process.exitCode = await main(process.argv.slice(2))
