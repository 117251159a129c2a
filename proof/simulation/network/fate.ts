import type { Invocation } from '../invocation.ts'
import type { Faults } from '../profile.ts'
import type { World } from '../world.ts'

/** What happens to one send of a request. */
export type Fate =
  | 'arrives'
  | keyof Pick<
      Faults,
      'requestLost' | 'answerLost' | 'late' | 'throttled' | 'contended' | 'denied' | 'slow' | 'slowSettle'
    >

/** What a request is for. */
export type Purpose = 'claim' | 'renew' | 'settle' | 'peek'

/** DynamoDB accepts a signed request for five minutes. */
const SIGNATURE_LIFE = 300_000

export const drawFate = (world: World, invocation: Invocation, purpose: Purpose): Fate => {
  const fate = purpose === 'settle' && isHeldUp(world, invocation) ? 'slowSettle' : draw(world, purpose)
  if (fate !== 'arrives') world.count('fault', fate)
  return fate
}

/** As when a big completion is throttled, and a small renewal is not. */
const isHeldUp = ({ isCalm, profile: { faults }, random, timeline }: World, invocation: Invocation): boolean => {
  invocation.settlesFrom ??=
    !isCalm && random.chance(faults.slowSettle) ? timeline.now + random.between(2_000, 14_000) : 0
  return timeline.now < invocation.settlesFrom
}

const draw = ({ isCalm, profile: { faults }, random }: World, purpose: Purpose): Fate => {
  if (isCalm) return 'arrives'
  if (purpose === 'claim' && random.chance(faults.contended)) return 'contended'
  if (random.chance(faults.denied)) return 'denied'
  if (random.chance(faults.requestLost)) return 'requestLost'
  if (random.chance(faults.answerLost)) return 'answerLost'
  if (random.chance(faults.late)) return 'late'
  if (random.chance(faults.throttled)) return 'throttled'
  return random.chance(faults.slow) ? 'slow' : 'arrives'
}

/** One way, in milliseconds. */
export const travel = ({ random }: World, fate: Fate): number =>
  fate === 'slow' ? random.between(200, 2_500) : random.between(1, 12)

/** How long the network keeps what is late. */
export const delay = ({ random }: World): number =>
  random.between(500, random.pick([3_000, 10_000, 60_000, SIGNATURE_LIFE]))

/** When a sender sees that it gets no answer: a reset at once; `undefined`: never, its own time-out has to tell. */
export const failure = ({ random }: World): number | undefined =>
  random.chance(0.7) ? random.between(2, 30) : undefined

/** An eventually consistent read may miss what was written within the last second. */
export const isStale = ({ replaced, timeline, random }: World): boolean =>
  timeline.now - replaced.at < 1_000 && random.chance(0.3)

/** How long a client waits for credentials, deaf to its signal; `undefined`: it has them. */
export const deafness = (world: World): number | undefined => {
  const { isCalm, random, profile } = world
  if (isCalm || !random.chance(profile.faults.deaf)) return undefined
  world.count('fault', 'deaf')
  return random.between(1, random.pick([10, 1_000, 8_000]))
}
