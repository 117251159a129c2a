import type { Invocation } from '../invocation.ts'
import type { Faults } from '../profile.ts'
import type { World } from '../world.ts'

/** What the network and the store do with one send of a request. */
export type Fate =
  | 'arrives'
  /** Only of a commit. */
  | 'busy'
  | keyof Pick<
      Faults,
      'requestLost' | 'answerLost' | 'late' | 'throttled' | 'contended' | 'denied' | 'slow' | 'slowSettle'
    >

/** The purpose of a request. */
export type Purpose = 'claim' | 'renew' | 'settle' | 'peek' | 'commit'

/** DynamoDB accepts a signed request for five minutes after its signature. */
const SIGNATURE_LIFE = 300_000

export const drawFate = (world: World, invocation: Invocation, purpose: Purpose): Fate => {
  const fate =
    purpose === 'settle' && isHeldUp(world, invocation)
      ? 'slowSettle'
      : purpose === 'commit' && isDark(world, invocation)
        ? world.random.pick(DARK)
        : draw(world, purpose)
  if (fate !== 'arrives') world.count('fault', fate)
  return fate
}

/** Happens when DynamoDB throttles large completions, but not small renewals. */
const isHeldUp = ({ isCalm, profile: { faults }, random, timeline }: World, invocation: Invocation): boolean => {
  invocation.settlesFrom ??=
    !isCalm && random.chance(faults.slowSettle) ? timeline.now + random.between(2_000, 14_000) : 0
  return timeline.now < invocation.settlesFrom
}

const DARK = ['requestLost', 'answerLost', 'late', 'late'] as const

const isDark = ({ isCalm, profile: { trade }, random, timeline }: World, invocation: Invocation): boolean => {
  invocation.commitsFrom ??=
    !isCalm && random.chance(trade?.dark ?? 0)
      ? timeline.now + random.between(20, random.pick([300, 3_000, 14_000]))
      : 0
  return timeline.now < invocation.commitsFrom
}

const draw = ({ isCalm, profile: { faults, trade }, random }: World, purpose: Purpose): Fate => {
  if (isCalm) return 'arrives'
  if (purpose === 'claim' && random.chance(faults.contended)) return 'contended'
  if (purpose === 'commit' && random.chance(trade?.busy ?? 0)) return 'busy'
  if (random.chance(faults.denied)) return 'denied'
  if (random.chance(faults.requestLost)) return 'requestLost'
  if (random.chance(faults.answerLost)) return 'answerLost'
  if (random.chance(faults.late)) return 'late'
  if (random.chance(faults.throttled)) return 'throttled'
  return random.chance(faults.slow) ? 'slow' : 'arrives'
}

/** Whether a send of this fate gets no answer, or none in time. */
export const isDoubtful = (fate: Fate): boolean => ['requestLost', 'answerLost', 'late', 'slow'].includes(fate)

/** Whether DynamoDB may have a send of this fate before it decides it. */
export const isHeld = (fate: Fate): boolean => fate === 'slow' || fate === 'late'

/** Travel time in one direction, in milliseconds. */
export const travel = ({ random }: World, fate: Fate): number =>
  fate === 'slow' ? random.between(200, 2_500) : random.between(1, 12)

/** How long the network holds back a late request. */
export const delay = ({ random }: World): number =>
  random.between(500, random.pick([3_000, 10_000, 60_000, SIGNATURE_LIFE]))

/** When a sender notices that no answer comes: at once after a reset; `undefined`: only by its own timeout. */
export const failure = ({ random }: World): number | undefined =>
  random.chance(0.7) ? random.between(2, 30) : undefined

/** An eventually consistent read may miss writes of the last second. */
export const isStale = ({ replaced, timeline, random }: World): boolean =>
  timeline.now - replaced.at < 1_000 && random.chance(0.3)

/** How long a client waits for credentials and ignores its signal; `undefined`: it has credentials. */
export const deafness = (world: World): number | undefined => {
  const { isCalm, random, profile } = world
  if (isCalm || !random.chance(profile.faults.deaf)) return undefined
  world.count('fault', 'deaf')
  return random.between(1, random.pick([10, 1_000, 8_000]))
}
