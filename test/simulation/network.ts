import type { Claim } from '../../lib/core/claim.ts'
import { StoreMisconfigured, StoreUnavailable } from '../../lib/core/errors.ts'
import type { ClaimAnswer, Store, TakeOverAnswer } from '../../lib/core/store.ts'
import { DeadlineSignal, deadlineSignal } from './deadline-signal.ts'
import { type Invocation, later, say, step } from './invocation.ts'
import { applied } from './ledger.ts'
import { describeClaim } from './narrative.ts'
import type { Faults } from './profile.ts'
import type { World } from './world.ts'

/** What happens to one send of a request. */
type Fate =
  | 'arrives'
  | keyof Pick<Faults, 'requestLost' | 'answerLost' | 'late' | 'throttled' | 'contended' | 'denied' | 'slow'>

interface Request<T> {
  readonly isClaim: boolean
  /** For the log. */
  readonly what: () => string
  /** Applies one send to the store. */
  readonly act: (sent: number, stray: () => boolean) => Promise<T>
}

/** A call of the store, which its client sends a second time where the first got no answer. */
interface Exchange<T> {
  readonly world: World
  readonly invocation: Invocation
  readonly request: Request<T>
  /** The sender has its answer, or has given up. */
  isOver: boolean
  sends: number
  readonly resolve: (answer: Promise<T>) => void
  readonly reject: (error: StoreUnavailable | StoreMisconfigured) => void
}

/** The layer's own client: two attempts of 900 ms. */
const MAX_SENDS = 2
const SEND_TIMEOUT = 900

/** DynamoDB accepts a signed request for five minutes. */
const SIGNATURE_LIFE = 300_000

/** What is under way is applied whatever has become of its sender. */
const ON_ITS_WAY = new DeadlineSignal().asAbortSignal()

/** The store as one invocation reaches it. */
export const networkStore = (world: World, invocation: Invocation): Store => {
  const { store, profile } = world
  const { id, requests } = invocation

  const won = (wanted: Claim): void => {
    invocation.won = wanted
    invocation.knownLease = wanted.leaseExpiresAt
  }

  const asTold = <T extends { readonly kind: string }>(answer: T): T => {
    if (profile.storeTells || answer.kind !== 'occupied') return answer
    const { storeTime: _, ...rest } = answer as T & { storeTime?: unknown }
    return rest as unknown as T
  }

  const claiming = async <T extends ClaimAnswer | TakeOverAnswer>(
    claim: Claim,
    by: AbortSignal,
    request: Request<T>,
  ): Promise<T> => {
    requests.claimStep = Math.max(requests.claimStep, ++requests.inClaimStep)
    requests.writes++
    const answer = await exchange(world, invocation, by, request)
    if (answer.kind === 'claimed' && !by.aborted) won(claim)
    return asTold(answer)
  }

  return {
    skew: store.skew,
    outcomeRoom: store.outcomeRoom,

    claim: (claim, by) =>
      claiming(claim, by, {
        isClaim: true,
        what: () => `claims as ${describeClaim(claim)}`,
        act: (sent, stray) =>
          applied(world, { by: 'claim', invocation: id, claim, sent, stray: stray() }, () =>
            store.claim(claim, ON_ITS_WAY),
          ),
      }),

    takeOver: (seen, claim, by) =>
      claiming(claim, by, {
        isClaim: true,
        what: () => `takes over as ${describeClaim(claim)}`,
        act: (sent, stray) =>
          applied(world, { by: 'takeOver', invocation: id, claim, sent, stray: stray() }, () =>
            store.takeOver(seen, claim, ON_ITS_WAY),
          ),
      }),

    renew: async (claim, to, by) => {
      const answer = await exchange(world, invocation, by, {
        isClaim: false,
        what: () => `renews ${claim.claimToken}`,
        act: (sent, stray) =>
          applied(world, { by: 'renew', invocation: id, claim, sent, stray: stray() }, () =>
            store.renew(claim, to, ON_ITS_WAY),
          ),
      })
      if (answer.kind === 'renewed' && !by.aborted)
        invocation.knownLease = Math.max(invocation.knownLease, to.leaseExpiresAt)
      return answer
    },

    settle: (claim, as, by) => {
      requests.writes++
      return exchange(world, invocation, by, {
        isClaim: false,
        what: () => `settles ${claim.claimToken} as ${as.kind}`,
        act: (sent, stray) =>
          applied(world, { by: 'settle', as: as.kind, invocation: id, claim, sent, stray: stray() }, () =>
            store.settle(claim, as, ON_ITS_WAY),
          ),
      })
    },

    peek: (recordKey, by) => {
      requests.reads++
      return exchange(world, invocation, by, {
        isClaim: false,
        what: () => 'looks',
        act: () => (isStale(world) ? Promise.resolve(world.replaced.record) : store.peek(recordKey, ON_ITS_WAY)),
      })
    },
  }
}

/** An eventually consistent read may miss what was written within the last second. */
const isStale = ({ replaced, timeline, random }: World): boolean =>
  timeline.now - replaced.at < 1_000 && random.chance(0.3)

const exchange = <T>(world: World, invocation: Invocation, by: AbortSignal, request: Request<T>): Promise<T> =>
  new Promise<T>((resolve, reject) => {
    step(world, invocation) // before it is sent
    if (!invocation.isAlive) return
    const call: Exchange<T> = { world, invocation, request, isOver: false, sends: 0, resolve, reject }
    if (!world.isCalm && world.random.chance(world.profile.faults.deaf)) sendDeaf(call)
    else {
      send(call)
      deadlineSignal(by).whenAborted(() => giveUp(call, 'gives up'))
    }
    step(world, invocation) // while it is under way
  })

/** As a client that waits for credentials, whatever its caller wants by then. */
const sendDeaf = <T>(call: Exchange<T>): void => {
  const { world, invocation } = call
  world.count('fault deaf')
  later(world, invocation, world.random.between(1, world.random.pick([10, 1_000, 8_000])), () => send(call))
}

const giveUp = <T>(call: Exchange<T>, how: string): void => {
  if (call.isOver) return
  call.isOver = true
  say(call.world, call.invocation, () => `${how}: ${call.request.what()}`)
  call.reject(new StoreUnavailable(how))
}

const send = <T>(call: Exchange<T>): void => {
  const { world, invocation } = call
  const { random, timeline } = world
  call.sends++
  const fate = drawFate(world, call.request.isClaim)
  const sent = world.order()
  if (fate !== 'arrives') world.count(`fault ${fate}`)
  say(
    world,
    invocation,
    () => `${call.request.what()}${call.sends > 1 ? ', again' : ''}${fate === 'arrives' ? '' : ` [${fate}]`}`,
  )
  const stray = (): boolean => call.isOver || !invocation.isAlive
  const arrive = (answering: boolean): void => {
    if (fate === 'late') say(world, invocation, () => `is late with: ${call.request.what()}`)
    const answer = call.request.act(sent, stray)
    if (answering) later(world, invocation, travel(world, fate), () => answered(call, answer))
  }
  switch (fate) {
    case 'arrives':
      timeline.after(travel(world, fate), () => arrive(true))
      return
    case 'slow':
      timeline.after(travel(world, fate), () => arrive(true))
      later(world, invocation, SEND_TIMEOUT, () => sendAgain(call, call.sends))
      break
    case 'late':
      timeline.after(random.between(500, random.pick([3_000, 10_000, 60_000, SIGNATURE_LIFE])), () => arrive(false))
      break
    case 'contended':
    case 'denied':
      world.refusals++
      later(world, invocation, travel(world, fate), () => refuse(call, fate))
      return
    case 'answerLost':
      timeline.after(travel(world, fate), () => arrive(false))
      break
  }
  if (fate !== 'slow') awaitFailure(call, fate)
}

/** The client does not send these again. */
const refuse = <T>(call: Exchange<T>, fate: 'contended' | 'denied'): void => {
  if (call.isOver) return
  call.isOver = true
  if (fate === 'denied') call.reject(new StoreMisconfigured('denied'))
  else call.resolve(Promise.resolve({ kind: 'contended' } as T))
}

const drawFate = ({ isCalm, profile: { faults }, random }: World, isClaim: boolean): Fate => {
  if (isCalm) return 'arrives'
  if (isClaim && random.chance(faults.contended)) return 'contended'
  if (random.chance(faults.denied)) return 'denied'
  if (random.chance(faults.requestLost)) return 'requestLost'
  if (random.chance(faults.answerLost)) return 'answerLost'
  if (random.chance(faults.late)) return 'late'
  if (random.chance(faults.throttled)) return 'throttled'
  return random.chance(faults.slow) ? 'slow' : 'arrives'
}

const travel = ({ random }: World, fate: Fate): number =>
  fate === 'slow' ? random.between(200, 2_500) : random.between(1, 12)

/** A reset or a refusal is seen at once, silence by the client's own time-out. */
const awaitFailure = <T>(call: Exchange<T>, fate: Fate): void => {
  const { world, invocation } = call
  const { random } = world
  const atOnce = fate === 'throttled' || random.chance(0.7)
  later(world, invocation, atOnce ? random.between(2, 30) : SEND_TIMEOUT, () => sendAgain(call, call.sends))
}

/** As the SDK does: the very same request, after a short pause; then the error. */
const sendAgain = <T>(call: Exchange<T>, after: number): void => {
  const { world, invocation } = call
  if (call.isOver || call.sends !== after) return
  if (call.sends === MAX_SENDS) {
    giveUp(call, 'gets no answer')
    return
  }
  later(world, invocation, world.random.between(10, 100), () => {
    if (!call.isOver && call.sends === after) send(call)
  })
}

const answered = <T>(call: Exchange<T>, answer: Promise<T>): void => {
  const { world, invocation } = call
  if (call.isOver) return
  step(world, invocation)
  if (!invocation.isAlive) return
  call.isOver = true
  call.resolve(answer)
}
