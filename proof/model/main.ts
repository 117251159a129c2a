/**
 * `npm run model`: checks every state of the model in worlds of several sizes, then searches for each planted bug and
 * prints the shortest way to its harm. `--quick`: the small worlds only. Exit status: 1 if a check fails, 3 if Spin is
 * missing.
 */
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

const isFound = async ({ name, what, world }: PlantedBug): Promise<boolean> => {
  const { counterexample } = await search({ ...world, [`BUG_${name}`]: true }, 'breadthFirst')
  console.log(`\n${counterexample === undefined ? 'MISSED' : 'found '}  ${what} (BUG_${name})`)
  print(counterexample ?? [])
  return counterexample !== undefined
}

const count = async <T>(items: readonly T[], isGood: (item: T) => Promise<boolean>): Promise<number> => {
  let good = 0
  for (const item of items) if (await isGood(item)) good++
  return good
}

const checkModel = async (quick: boolean): Promise<boolean> => {
  const worlds = quick ? SMALL_WORLDS : [...SMALL_WORLDS, ...LARGE_WORLDS]
  console.log('The protocol, in every state that it can reach:')
  const held = await count(worlds, holdsIn)
  console.log('\nPlanted bugs, each with the shortest way to its harm:')
  const found = await count(PLANTED_BUGS, isFound)
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
