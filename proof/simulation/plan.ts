import type { Random } from './random.ts'

/** One step of the simulated handler. It is the same in all attempts. */
export interface PlannedStep {
  readonly name: string
  /** The name that its downstream key is made of; `undefined`: its own. */
  readonly key: string | undefined
  /** `ask`: a function that asks the downstream. */
  readonly inDoubt: 'rerun' | 'stop' | 'ask'
  /** Its effect is a request to the downstream. Otherwise it is something that no downstream remembers. */
  readonly charges: boolean
  /** Whether JSON can keep its result. */
  readonly isKeepable: boolean
}

/** The steps of the simulated handler. `nested`: each step calls the next one. */
export interface Plan {
  readonly shape: 'series' | 'parallel' | 'nested'
  readonly steps: readonly PlannedStep[]
}

const NAMES = ['charge', 'mail', 'refund'] as const

/** A question is about one effect, so under `ask` only one step charges. */
export const drawPlan = (random: Random, abandoned: 'rerun' | 'hold' | 'ask'): Plan | undefined => {
  if (!random.chance(abandoned === 'hold' ? 0.05 : 0.16)) return undefined
  const steps = NAMES.slice(0, random.pick([1, 2, 3, 3])).map((name) =>
    drawStep(random, name, name === 'charge' || (name === 'refund' && abandoned !== 'ask')),
  )
  return {
    shape: random.pick(['series', 'series', 'parallel', 'parallel', 'nested'] as const),
    steps: shuffled(random, steps),
  }
}

/** A handler that has called the downstream without a step keeps its key with the option `key`. */
const drawStep = (random: Random, name: string, mayCharge: boolean): PlannedStep => {
  const isRenamed = name === 'charge' && random.chance(0.2)
  const charges = mayCharge && random.chance(0.7)
  return {
    name: isRenamed ? 'payment' : name,
    key: isRenamed ? name : undefined,
    inDoubt: random.chance(0.45) ? 'stop' : charges && random.chance(0.7) ? 'ask' : 'rerun',
    charges,
    isKeepable: random.chance(0.95),
  }
}

const shuffled = <T>(random: Random, items: readonly T[]): readonly T[] => {
  const [first, ...others] = items
  if (first === undefined || others.length === 0) return items
  return random.chance(0.5) ? [first, ...shuffled(random, others)] : [...shuffled(random, others), first]
}
