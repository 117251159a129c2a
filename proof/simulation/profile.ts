import type { AbandonedPolicy } from '../../lib/core/record/judge.ts'
import type { Random } from './random.ts'

/** How likely each fault is; 0 in most schedules, since one fault alone reaches places that many together hide. */
export interface Faults {
  /** Of a request: it never reaches the store. */
  readonly requestLost: number
  /** Of an answer: the write is done, and nobody hears of it. */
  readonly answerLost: number
  /** Of a request: applied within its five minutes, whether anybody still waits for it or not. */
  readonly late: number
  readonly throttled: number
  /** Of a claim: transactions on the record keep it from being applied. */
  readonly contended: number
  /** Of a request: the store refuses it for a reason that no retry mends. */
  readonly denied: number
  /** Of a call: its client does not look at its signal, and may send long after. */
  readonly deaf: number
  /** Of a request: it takes longer than its sender waits. */
  readonly slow: number
  /** Of an invocation: its settlements get no answer for some seconds, while everything else does. */
  readonly slowSettle: number
  /** Of an invocation: its process dies at one of its steps. */
  readonly crash: number
  /** Of an invocation: its host stops for a while and goes on. */
  readonly freeze: number
  /** Of an invocation: its host does not end it at its deadline. */
  readonly zombie: number
}

/** The kind of world that one schedule plays in. */
export interface Profile {
  readonly abandoned: AbandonedPolicy
  readonly heartbeatSeconds: number | undefined
  readonly retentionSeconds: number
  readonly storeDown: 'reject' | 'dangerouslyRunUnprotected'
  readonly unstored: 'answer' | 'fail'
  /** Lambda; else a host that tells no deadline, and ends nothing at one. */
  readonly enforcesDeadline: boolean
  /** Whether refusals carry the store's own time, as DynamoDB's do; else contenders judge by their own clocks. */
  readonly storeTells: boolean
  /** Clocks of hosts are within this of the store's. */
  readonly clockSpread: number
  /** Beyond what the store's skew allows for: exclusivity in time is off, the stored outcome is not. */
  readonly farClocks: boolean
  readonly hosts: number
  readonly acts: number
  readonly faults: Faults
  /** Of handlers: how likely they end otherwise than well. */
  readonly badDeeds: number
  /** Of a payload: how likely it is the second one. */
  readonly otherPayload: number
  readonly wait: boolean
  readonly peekFirst: boolean
  readonly operator: boolean
  /** A script of the operator's that releases the record over and over: the most that can come between look and write. */
  readonly meddler: boolean
  readonly sweeps: boolean
  /** Whether a caller comes again after a failure: in the same invocation, or by a new one under its request id. */
  readonly retries: boolean
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
}

/** Farther apart than any skew that can be set: an hour. */
const FAR = 3_600_000
const SKEW = 2_000

export const drawProfile = (random: Random): Profile => {
  const farClocks = random.chance(0.08)
  const storeTells = farClocks || random.chance(0.9)
  const enforcesDeadline = random.chance(0.8)
  const abandoned = random.chance(0.65) ? 'rerun' : 'hold'
  return {
    abandoned,
    heartbeatSeconds: random.chance(0.4) ? random.pick([5, 5, 5, 8, 20]) : undefined,
    retentionSeconds: random.chance(0.8) ? 1_501 : 86_400,
    storeDown: abandoned === 'hold' || random.chance(0.87) ? 'reject' : 'dangerouslyRunUnprotected',
    unstored: random.chance(0.8) ? 'answer' : 'fail',
    enforcesDeadline,
    storeTells,
    clockSpread: farClocks ? FAR : random.chance(0.4) ? 0 : storeTells ? SKEW : SKEW / 2,
    farClocks,
    hosts: random.between(1, 3),
    acts: random.pick([1, 1, 1, 2]),
    faults: random.chance(0.2) ? NO_FAULTS : drawFaults(random),
    badDeeds: random.chance(0.3) ? 0 : random.pick([0.2, 0.5, 0.8]),
    otherPayload: random.chance(0.5) ? 0 : 0.3,
    wait: random.chance(0.15),
    peekFirst: random.chance(0.1),
    operator: random.chance(0.1),
    meddler: random.chance(0.02),
    sweeps: random.chance(0.5),
    retries: random.chance(0.35),
  }
}

const drawFaults = (random: Random): Faults => {
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
  }
}
