import type { HandlerClaim } from '../../lib/core/record/handler-claim.ts'
import { type Answer, answerOf, type Deed } from './deed.ts'
import type { Run } from './history.ts'
import { happening, hostNow, type Invocation, say } from './invocation.ts'
import type { World } from './world.ts'

/** A handler that runs. */
export interface Actor {
  readonly world: World
  readonly invocation: Invocation
  readonly claim: HandlerClaim
  readonly run: Run
  /** The number of the run, which its answer names. */
  readonly number: number
}

/** Ends the handler, unless it has ended or its process has died. `error`: what it throws instead of the deed's own. */
export type Finish = (how: Deed, error?: Error) => void

/** The answer of the handler, once `begin` or the signal of its claim has finished it. */
export const ended = (actor: Actor, begin: (finish: Finish) => void): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const { world, invocation, run, number } = actor
    const finish: Finish = (how, error) => {
      if (run.end !== undefined || !invocation.isAlive) return
      const deed = inFact(run, how)
      run.end = { deed, ...happening(world) }
      world.count('deed', deed)
      say(world, invocation, () => `handler ends: ${deed}`)
      try {
        if (error !== undefined) throw error
        resolve(answerOf(deed, number))
      } catch (thrown) {
        reject(thrown)
      }
    }
    begin(finish)
    watch(actor, finish)
  })

/** Some handlers stop when the signal reports that their claim is lost. Their effects until then remain. */
const watch = ({ world, invocation, claim, run }: Actor, finish: Finish): void => {
  const obeys = world.random.chance(0.4)
  claim.signal.addEventListener('abort', () => {
    world.count('aborted')
    world.aborts.push({
      ...happening(world),
      claim: run.claim,
      hostNow: hostNow(world, invocation),
      knownLease: invocation.knownLease,
      record: world.read(),
      handlerEnded: isOver(run),
    })
    say(world, invocation, () => `learns that ${run.claim.claimToken} is lost`)
    if (obeys) finish('throws')
  })
}

/** A handler whose steps or transactions outlived it may be left to its lease, and its steps need the signal. */
const isOver = ({ end, steps, transactions }: Run): boolean =>
  end !== undefined && [...steps, ...transactions].every((one) => one.end !== undefined && one.end.order < end.order)

/** How a run ends that was meant to succeed. Without an answer of the downstream its effect is in doubt. */
const inFact = ({ heard, steps, transactions }: Run, how: Deed): Deed => {
  if (how !== 'created' || heard === 'executed' || steps.length + transactions.length > 0) return how
  return heard === 'declined' ? 'refused' : 'throws'
}
