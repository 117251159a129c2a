import type { Claim } from '../../lib/core/record/claim.ts'
import { downstreamKey, type HandlerClaim } from '../../lib/core/record/handler-claim.ts'
import { order } from './charge.ts'
import { type Answer, DEEDS, type Deed, isNothingDone } from './deed.ts'
import { type Actor, ended, type Finish } from './handler-end.ts'
import { drawSpan } from './handler-span.ts'
import { actInSteps } from './handler-steps.ts'
import { actInTransactions } from './handler-transaction.ts'
import type { Run } from './history.ts'
import { happening, hostNow, type Invocation, later, pass, say } from './invocation.ts'
import { describeClaim } from './narrative.ts'
import type { World } from './world.ts'

/** The simulated user handler. It may charge once at a random time, or call steps, and ends well or badly. */
export const handle = (
  world: World,
  invocation: Invocation,
  claim: HandlerClaim | undefined,
): Answer | Promise<Answer> => {
  if (claim === undefined || invocation.won === undefined) return { statusCode: 201, run: -1 }
  pass(world, invocation)
  const { runs } = world
  const { plan, trade } = world.profile
  const deed = drawDeed(world)
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
    steps: [],
    transactions: [],
  }
  runs.push(run)
  invocation.run = run
  invocation.runs.push(run)
  say(world, invocation, () => `runs its handler under ${describeClaim(run.claim)}: ${deed}`)
  if (!invocation.isAlive) run.died = happening(world)
  const actor: Actor = { world, invocation, claim, run, number: runs.length }
  return ended(actor, (finish) => {
    if (trade !== undefined) void actInTransactions(actor, { deed, finish })
    else if (plan !== undefined) void actInSteps(actor, { plan, deed, finish })
    else act(actor, deed, finish)
  })
}

const act = (actor: Actor, deed: Deed, finish: Finish): void => {
  const { world, invocation } = actor
  const span = drawSpan(world, invocation)
  if (charges(world, deed)) charge(actor, world.random.between(0, span))
  later(world, invocation, span, () => finish(deed))
}

const charge = ({ world, invocation, run, number }: Actor, span: number): void => {
  later(world, invocation, span, () => {
    if (run.end !== undefined) return
    const { downstreamKey } = run
    say(world, invocation, () => `charges under ${downstreamKey}`)
    const inLease = hostNow(world, invocation) < invocation.knownLease
    order(world, { run, number, key: 'charge', downstreamKey, inLease, hear: (heard) => (run.heard = heard) })
    pass(world, invocation)
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
