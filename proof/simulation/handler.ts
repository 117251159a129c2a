import type { Claim } from '../../lib/core/record/claim.ts'
import { downstreamKey, type HandlerClaim } from '../../lib/core/record/handler-claim.ts'
import { order } from './charge.ts'
import { type Answer, answerOf, DEEDS, type Deed, isNothingDone } from './deed.ts'
import type { Run } from './history.ts'
import { happening, hostNow, type Invocation, later, say, step } from './invocation.ts'
import { describeClaim } from './narrative.ts'
import type { World } from './world.ts'

/** The simulated user handler. It may charge once at a random time, and ends well or badly. */
export const handle = (
  world: World,
  invocation: Invocation,
  claim: HandlerClaim | undefined,
): Answer | Promise<Answer> => {
  if (claim === undefined || invocation.won === undefined) return { statusCode: 201, run: -1 }
  step(world, invocation)
  const { random, runs } = world
  const deed = drawDeed(world)
  const span = drawSpan(world, invocation)
  const run: Run = {
    invocation: invocation.id,
    host: invocation.host.id,
    claim: invocation.won,
    downstreamKey: claim.downstreamKey('charge'),
    start: { hostNow: hostNow(world, invocation), knownLease: invocation.knownLease, ...happening(world) },
    storedKey: storedKey(world, invocation.won),
    end: undefined,
    died: undefined,
    effects: 0,
    heard: undefined,
  }
  runs.push(run)
  invocation.run = run
  const number = runs.length
  say(world, invocation, () => `runs its handler under ${describeClaim(run.claim)}, for ${span} ms: ${deed}`)
  if (!invocation.isAlive) run.died = happening(world)
  if (charges(world, deed)) charge(world, invocation, run, { number, span: random.between(0, span) })
  return ended(world, invocation, run, { claim, deed, span, number })
}

interface Plan {
  readonly claim: HandlerClaim
  readonly deed: Deed
  readonly span: number
  readonly number: number
}

const ended = (world: World, invocation: Invocation, run: Run, { claim, deed, span, number }: Plan): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const finish = (how: Deed): void => {
      if (run.end !== undefined || !invocation.isAlive) return
      const deed = inFact(run, how)
      run.end = { deed, ...happening(world) }
      world.count('deed', deed)
      say(world, invocation, () => `handler ends: ${deed}`)
      try {
        resolve(answerOf(deed, number))
      } catch (error) {
        reject(error)
      }
    }
    later(world, invocation, span, () => finish(deed))
    watch(world, invocation, run, claim.signal, finish)
  })

/** Some handlers stop when the signal reports that their claim is lost. Their effects until then remain. */
const watch = (
  world: World,
  invocation: Invocation,
  run: Run,
  signal: AbortSignal,
  finish: (how: Deed) => void,
): void => {
  const obeys = world.random.chance(0.4)
  signal.addEventListener('abort', () => {
    world.count('aborted')
    world.aborts.push({
      ...happening(world),
      claim: run.claim,
      hostNow: hostNow(world, invocation),
      knownLease: invocation.knownLease,
      record: world.read(),
      handlerEnded: run.end !== undefined,
    })
    say(world, invocation, () => `learns that ${run.claim.claimToken} is lost`)
    if (obeys) finish('throws')
  })
}

/** How a run ends that was meant to succeed. Without an answer of the downstream its effect is in doubt. */
const inFact = ({ heard }: Run, how: Deed): Deed => {
  if (how !== 'created' || heard === 'executed') return how
  return heard === 'declined' ? 'refused' : 'throws'
}

const charge = (
  world: World,
  invocation: Invocation,
  run: Run,
  { number, span }: { readonly number: number; readonly span: number },
): void => {
  later(world, invocation, span, () => {
    if (run.end !== undefined) return
    const inLease = hostNow(world, invocation) < invocation.knownLease
    say(world, invocation, () => `charges under ${run.downstreamKey}`)
    order(world, { run, number, inLease })
    step(world, invocation)
  })
}

/** The downstream key of the stored generation; `undefined` if the record has another claim. */
const storedKey = (world: World, claim: Claim): string | undefined => {
  if (world.profile.abandoned !== 'ask') return undefined
  const record = world.read()
  return record?.status === 'IN_PROGRESS' && record.claimToken === claim.claimToken
    ? downstreamKey({ ...claim, generation: record.generation }, 'charge')
    : undefined
}

const charges = ({ random }: World, deed: Deed): boolean => {
  if (isNothingDone(deed)) return false
  return deed === 'created' || random.chance(0.5)
}

const drawDeed = ({ isCalm, profile, random }: World): Deed =>
  isCalm || !random.chance(profile.badDeeds) ? 'created' : random.pick(DEEDS)

/** Mostly short, sometimes about as long as the lease, sometimes much longer. */
const drawSpan = (world: World, invocation: Invocation): number => {
  const { isCalm, random, profile } = world
  if (isCalm || random.chance(0.7)) return random.between(1, 80)
  if (profile.rerunWithinSeconds !== undefined && random.chance(0.3)) return random.between(1_000, 70_000)
  if (random.chance(0.4)) return random.between(300, 4_000)
  if (random.chance(0.1)) return random.between(100_000, 400_000)
  const left = (invocation.won?.leaseExpiresAt ?? 0) - hostNow(world, invocation)
  return Math.max(1, left + random.between(-2_500, 6_000))
}
