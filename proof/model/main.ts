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

const holdsIn = async ({ name, world }: NamedWorld): Promise<boolean> => {
  const searched = await search(world, 'depthFirst')
  const holds = searched.counterexample === undefined
  console.log(`${holds ? 'holds ' : 'BROKEN'}  ${figures(searched)}  ${name}`)
  print(searched.counterexample ?? [])
  return holds
}

const allHold = async (worlds: readonly NamedWorld[]): Promise<number> => {
  let held = 0
  for (const world of worlds) if (await holdsIn(world)) held++
  return held
}

const printBug = ({ name, what }: PlantedBug, { counterexample }: Searched): boolean => {
  console.log(`\n${counterexample === undefined ? 'MISSED' : 'found '}  ${what} (BUG_${name})`)
  print(counterexample ?? [])
  return counterexample !== undefined
}

/** How many bugs are searched for at the same time. Each search takes up to 300 MB. */
const SIDE_BY_SIDE = Math.min(4, availableParallelism())

/** Prints the bugs in their order. */
const findBugs = async (bugs: readonly PlantedBug[]): Promise<number> => {
  const searches: Promise<Searched>[] = []
  let found = 0
  for (const [index, bug] of bugs.entries()) {
    for (const { name, world } of bugs.slice(searches.length, index + SIDE_BY_SIDE))
      searches.push(search({ ...world, [`BUG_${name}`]: true }, 'breadthFirst'))
    if (printBug(bug, (await searches[index]) as Searched)) found++
  }
  return found
}

const checkModel = async (quick: boolean): Promise<boolean> => {
  const worlds = quick ? SMALL_WORLDS : [...SMALL_WORLDS, ...LARGE_WORLDS]
  console.log('The protocol, in every state that it can reach:')
  const held = await allHold(worlds)
  console.log('\nPlanted bugs, each with the shortest way to its harm:')
  const found = await findBugs(PLANTED_BUGS)
  const passed = held === worlds.length && found === PLANTED_BUGS.length
  console.log(
    `\nmodel: ${passed ? 'passed' : 'FAILED'}; worlds ${held} of ${worlds.length}; ` +
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
