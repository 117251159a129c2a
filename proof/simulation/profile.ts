import { type Caching, drawCaching } from './caching.ts'
import { drawOverrides, type Overrides } from './overrides.ts'
import { drawPlan, type Plan } from './plan.ts'
import type { Random } from './random.ts'
import { drawTrade, type Trade } from './trade.ts'

/** Probability of each fault. Most are 0 in most schedules: one fault alone reaches states that many together hide. */
export interface Faults {
  /** A request never reaches the store. */
  readonly requestLost: number
  /** The store applies a request, but its answer is lost. */
  readonly answerLost: number
  /** A request is applied late, within its five minutes, even if its sender no longer waits. */
  readonly late: number
  readonly throttled: number
  /** A transaction on the record prevents a claim. */
  readonly contended: number
  /** The store refuses a request for a reason that a retry does not fix. */
  readonly denied: number
  /** The client of a call ignores its signal, and may send much later. */
  readonly deaf: number
  /** A request takes longer than its sender waits. */
  readonly slow: number
  /** The settlements of an invocation get no answer for some seconds, but its other requests do. */
  readonly slowSettle: number
  /** The process of an invocation dies at one of its steps. */
  readonly crash: number
  /** The host of an invocation freezes for a while. */
  readonly freeze: number
  /** The host does not end an invocation at its deadline. */
  readonly zombie: number
  /** Of a request to the downstream: it is executed late, even if its sender has gone. */
  readonly lateEffect: number
  /** Of a request to the downstream: it fails, and each repetition under the same key fails too. */
  readonly declined: number
  /** Of a question: its answer decides nothing. */
  readonly vague: number
  /** Of a question: its answer takes seconds. */
  readonly slowAnswer: number
}

/** The options and fault probabilities of one schedule. */
export interface Profile {
  readonly abandoned: 'rerun' | 'hold' | 'ask'
  readonly rerunWithinSeconds: number | undefined
  /** How long a question may take. */
  readonly askWithinSeconds: number
  readonly heartbeatSeconds: number | undefined
  readonly retentionSeconds: number
  readonly storeDown: 'reject' | 'dangerouslyRunUnprotected'
  readonly unstored: 'answer' | 'fail'
  /** `true`: as Lambda. `false`: the host has no deadline. */
  readonly enforcesDeadline: boolean
  /** Whether refusals carry the store's time, as DynamoDB's do. Otherwise contenders use their own clocks. */
  readonly storeReportsTime: boolean
  /** The most that a host's clock differs from the store's, in milliseconds. */
  readonly clockSpread: number
  /** Clocks differ by more than the store's skew. Runs may overlap, but the stored outcome must still hold. */
  readonly farClocks: boolean
  readonly hosts: number
  readonly acts: number
  readonly faults: Faults
  /** Probability that a handler ends badly. */
  readonly badDeeds: number
  /** Probability that a request has the second payload. */
  readonly otherPayload: number
  readonly wait: boolean
  readonly peekFirst: boolean
  readonly operator: boolean
  /** A script of the operator releases the record repeatedly: the worst interference between a peek and a write. */
  readonly meddler: boolean
  readonly sweeps: boolean
  /** Whether a caller retries after a failure, in the same invocation or in a new one with the same request id. */
  readonly retries: boolean
  /** The steps of the handler; `undefined`: it has none. */
  readonly plan: Plan | undefined
  /** Transactions on the user's own rows; `undefined`: there are none. */
  readonly trade: Trade | undefined
  /** Persons let another payload use the key; `undefined`: none does. */
  readonly overrides: Overrides | undefined
  /** What stands in front of the store; `undefined`: nothing. */
  readonly caching: Caching | undefined
}

const NO_FAULTS: Faults = {
  requestLost: 0,
  answerLost: 0,
  late: 0,
  throttled: 0,
  contended: 0,
  denied: 0,
  deaf: 0,
  slow: 0,
  slowSettle: 0,
  crash: 0,
  freeze: 0,
  zombie: 0,
  lateEffect: 0,
  declined: 0,
  vague: 0,
  slowAnswer: 0,
}

/** One hour, more than any skew that can be set. */
const FAR = 3_600_000
const SKEW = 2_000

/** @param planning has its own random numbers, so that the other schedules do not depend on how plans are drawn */
export const drawProfile = (random: Random, planning: Random): Profile => {
  const farClocks = random.chance(0.08)
  const storeReportsTime = farClocks || random.chance(0.9)
  const enforcesDeadline = random.chance(0.8)
  const abandoned = random.pick(['rerun', 'rerun', 'rerun', 'hold', 'hold', 'ask', 'ask', 'ask'] as const)
  const rerunWithinSeconds = abandoned !== 'hold' && random.chance(0.3) ? random.pick([60, 60, 130, 300]) : undefined
  const plan = drawPlan(planning, abandoned)
  const trade = drawTrade(planning, plan !== undefined)
  const overrides = drawOverrides(planning)
  const caching = drawCaching(planning, overrides !== undefined)
  // Questions, windows and steps matter only if claims follow one another.
  const follows = abandoned === 'ask' || rerunWithinSeconds !== undefined || plan !== undefined
  return {
    abandoned,
    rerunWithinSeconds,
    askWithinSeconds: random.pick([1, 3, 10, 60]),
    heartbeatSeconds: random.chance(0.4) ? random.pick([5, 5, 5, 8, 20]) : undefined,
    retentionSeconds: random.chance(0.8) ? 1_501 : 86_400,
    storeDown: abandoned !== 'rerun' || random.chance(0.87) ? 'reject' : 'dangerouslyRunUnprotected',
    unstored: random.chance(0.8) ? 'answer' : 'fail',
    enforcesDeadline,
    storeReportsTime,
    clockSpread: farClocks ? FAR : random.chance(0.4) ? 0 : storeReportsTime ? SKEW : SKEW / 2,
    farClocks,
    hosts: random.between(1, 3),
    acts: random.pick(
      overrides !== undefined || plan !== undefined || caching !== undefined
        ? [1, 2, 2, 3]
        : follows
          ? [1, 2, 3, 4]
          : [1, 1, 1, 2],
    ),
    faults: random.chance(0.2) ? NO_FAULTS : drawFaults(random, abandoned === 'ask'),
    badDeeds: random.chance(follows ? 0.15 : 0.3) ? 0 : random.pick([0.2, 0.5, 0.8]),
    otherPayload: random.chance(0.5) ? 0 : 0.3,
    wait: random.chance(0.15),
    peekFirst: random.chance(caching === undefined ? 0.1 : 0.4),
    operator: random.chance(0.1),
    meddler: random.chance(0.06),
    sweeps: random.chance(0.5),
    retries: random.chance(0.35),
    plan,
    trade,
    overrides,
    caching,
  }
}

const drawFaults = (random: Random, asks: boolean): Faults => {
  const maybe = (...sizes: readonly number[]): number => (random.chance(0.35) ? random.pick(sizes) : 0)
  return {
    requestLost: maybe(0.05, 0.2, 0.5),
    answerLost: maybe(0.05, 0.2, 0.5),
    late: maybe(0.05, 0.2, 0.5),
    throttled: maybe(0.05, 0.2, 0.5),
    contended: random.chance(0.1) ? 0.2 : 0,
    denied: random.chance(0.1) ? 0.1 : 0,
    deaf: random.chance(0.1) ? 0.3 : 0,
    slow: maybe(0.05, 0.3),
    slowSettle: maybe(0.4, 0.9),
    crash: maybe(0.2, 0.5),
    freeze: maybe(0.2, 0.5),
    zombie: maybe(0.3, 0.8),
    lateEffect: maybe(0.1, 0.4),
    // Without a question a run that always fails would be repeated for ever.
    declined: asks ? maybe(0.1, 0.3) : 0,
    vague: asks ? maybe(0.2, 0.5) : 0,
    slowAnswer: asks ? maybe(0.2, 0.6) : 0,
  }
}
