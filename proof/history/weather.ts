import { setTimeout as sleep } from 'node:timers/promises'
import {
  arrivesLate,
  type Fault,
  type FaultProxy,
  failAfter,
  failBefore,
  type Rule,
  resetAfter,
  resetBefore,
  throttled,
  throughputExceeded,
  timeoutAfter,
} from '../../test/support/fault-proxy.ts'
import type { Step } from '../../test/support/store-step.ts'
import type { Random } from '../simulation/random.ts'

/** The share of failing requests, of one step or of all steps. */
interface Weather {
  readonly step?: Step
  readonly rate: number
}

/** A high rate for one step outlasts its retries: completions stay unstored, and the fate of claims unknown. */
const WEATHERS: readonly Weather[] = [
  { rate: 0 },
  { rate: 0.1 },
  { rate: 0.1 },
  { rate: 0.4 },
  { rate: 0.95, step: 'complete' },
  { rate: 0.8, step: 'claim' },
  { rate: 0.8, step: 'takeOver' },
  { rate: 0.8, step: 'abandon' },
]

const FAULTS: readonly Fault[] = [
  resetBefore,
  resetAfter,
  failBefore,
  failAfter,
  throttled,
  throughputExceeded,
  timeoutAfter,
  arrivesLate,
  arrivesLate,
]

const LEAST_MILLIS = 200
const MOST_MILLIS = 900

/** The getter draws a new fault for each request. */
const ruleOf = ({ step, rate }: Weather, random: Random): Rule => ({
  ...(step === undefined ? {} : { step }),
  get fault(): Fault {
    if (random.chance(rate)) return random.pick(FAULTS)
    return random.chance(0.1) ? { delayMillis: random.between(1, 250) } : {}
  },
})

/** Changes the faults until the signal. Late requests arrive at some of the changes, and at the end. */
export const weather = async (proxy: FaultProxy, random: Random, until: AbortSignal): Promise<void> => {
  while (!until.aborted) {
    proxy.script(ruleOf(random.pick(WEATHERS), random))
    await sleep(random.between(LEAST_MILLIS, MOST_MILLIS), undefined, { signal: until }).catch(() => {})
    if (random.chance(0.5)) await proxy.deliver()
  }
  proxy.script()
  await proxy.deliver()
}
