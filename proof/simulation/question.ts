import type { AbandonedClaim, Reconciled } from '../../lib/core/lifecycle/reconciliation.ts'
import { truthAbout } from './charge.ts'
import type { Decision, Question } from './history.ts'
import { happening, type Invocation, later, pass, say } from './invocation.ts'
import type { World } from './world.ts'

/** The user's reconcile function: it asks the downstream, whose answer may be late, vague or missing. */
export const question = (world: World, invocation: Invocation, claim: AbandonedClaim): Promise<Reconciled> =>
  new Promise((resolve, reject) => {
    pass(world, invocation)
    if (!invocation.isAlive || invocation.won === undefined) return
    const asked: Question = {
      invocation: invocation.id,
      host: invocation.host.id,
      claim: invocation.won,
      downstreamKey: claim.downstreamKey('charge'),
      start: happening(world),
      end: undefined,
    }
    world.questions.push(asked)
    say(world, invocation, () => `asks about ${asked.downstreamKey}, under ${asked.claim.claimToken}`)
    const finish = (answer: Reconciled | Error): void => {
      if (asked.end !== undefined || !invocation.isAlive) return
      const decision = answer instanceof Error ? 'unknown' : decisionOf(answer)
      asked.end = { decision, ...happening(world) }
      world.count('question', decision)
      say(world, invocation, () => `hears: ${decision}`)
      pass(world, invocation)
      if (!invocation.isAlive) return
      if (answer instanceof Error) reject(answer)
      else resolve(answer)
    }
    watch(world, claim.signal, () => finish(new Error('The time for the question is over')))
    travel(world, invocation, { ...asked, isKept: isKept(world, claim) }, finish)
  })

/** Whether the record has the result of the step that charges. Then a run skips it. */
const isKept = ({ profile: { plan } }: World, claim: AbandonedClaim): boolean =>
  plan?.steps.some(({ name, charges }) => charges && claim.kept(name) !== undefined) === true

/** The downstream reads the question at one time, and its answer arrives at another. */
const travel = (
  world: World,
  invocation: Invocation,
  { downstreamKey, isKept }: Question & { readonly isKept: boolean },
  arrive: (answer: Reconciled | Error) => void,
): void => {
  const { timeline } = world
  const there = drawSpan(world)
  timeline.after(there, () => {
    const answer = answerAbout(world, downstreamKey, isKept)
    later(world, invocation, drawSpan(world), () => arrive(answer))
  })
}

const drawSpan = ({ isCalm, profile, random }: World): number =>
  !isCalm && random.chance(profile.faults.slowAnswer)
    ? random.between(200, random.pick([1_000, 6_000, 35_000]))
    : random.between(1, 20)

const answerAbout = (world: World, key: string, isKept: boolean): Reconciled | Error => {
  const { isCalm, profile, random } = world
  if (isKept && random.chance(0.5)) return { rerun: true }
  if (isCalm || !random.chance(profile.faults.vague)) return truthAbout(world, key)
  const retryAfterSeconds = random.pick([1, 7, 60])
  return random.pick([
    { unknown: true },
    { unknown: true, retryAfterSeconds },
    new RangeError('connection lost'),
    {} as Reconciled,
    { rerun: true, notDone: true },
  ])
}

/** An answer that says two things says nothing. */
const decisionOf = (answer: Reconciled): Decision => {
  const [decision, more] = Object.keys(answer)
  return decision === undefined || more !== undefined ? 'unknown' : (decision as Decision)
}

/** Some reconcile functions stop when their time is over. */
const watch = ({ random, count }: World, signal: AbortSignal, stop: () => void): void => {
  const obeys = random.chance(0.5)
  signal.addEventListener('abort', () => {
    count('question', 'not answered in time')
    if (obeys) stop()
  })
}
