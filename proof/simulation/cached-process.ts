import { cached } from '../../lib/cached/cached-store.ts'
import { isSettled, type StoredRecord } from '../../lib/core/record/record.ts'
import type { Store } from '../../lib/core/record/store.ts'
import { epochMillis } from '../../lib/core/time.ts'
import type { CachedProcess, Caching, SharedEntries } from './caching.ts'
import { hostNow, type Invocation, type OnHost, say } from './invocation.ts'
import { describeRecord } from './narrative.ts'
import { simulatedSecondLevel } from './simulated-second-level.ts'
import { withDeadline } from './virtual-runtime.ts'
import type { World } from './world.ts'

/** The store as an invocation sees it: behind the memory of its process. */
export const behindCaches = (world: World, invocation: Invocation, store: Store): Store => {
  const { caching } = world.profile
  if (caching === undefined) return store
  const { store: memory, routes } = processOf(world, invocation, caching)

  const call = <T>(signal: AbortSignal, ask: () => Promise<T>): Promise<T> => {
    routes.set(signal, store)
    return whileAlive(invocation, ask())
  }

  return {
    skew: memory.skew,
    outcomeRoom: memory.outcomeRoom,
    claim: async (wanted, signal) => {
      const answer = await call(signal, () => memory.claim(wanted, signal))
      if (answer.kind === 'occupied' && !invocation.callOf.has(wanted.claimToken)) {
        world.count('cache', 'answers a claim')
        if (isReplaced(world, answer.record)) world.count('cache', 'gives a replaced outcome')
        say(world, invocation, () => `remembers ${describeRecord(answer.record, world.timeline.now)}`)
      }
      return answer
    },
    takeOver: (seen, wanted, signal) => call(signal, () => memory.takeOver(seen, wanted, signal)),
    renew: (claim, renewal, signal) => call(signal, () => memory.renew(claim, renewal, signal)),
    nextGeneration: (claim, next, signal) => call(signal, () => memory.nextGeneration(claim, next, signal)),
    checkpoint: (claim, checkpoint, signal) => call(signal, () => memory.checkpoint(claim, checkpoint, signal)),
    commit: async (claim, commit, signal) => {
      const answer = await call(signal, () => memory.commit(claim, commit, signal))
      if (answer.kind === 'lost' && !invocation.callOf.has(claim.claimToken)) world.count('cache', 'answers a commit')
      return answer
    },
    settle: (claim, settlement, signal) => call(signal, () => memory.settle(claim, settlement, signal)),
    peek: async (recordKey, signal, wanted) => {
      const { reads } = invocation.requests
      const record = await call(signal, () => memory.peek(recordKey, signal, wanted))
      if (record !== undefined && reads === invocation.requests.reads) world.count('cache', 'answers a peek')
      return record
    },
  }
}

const isReplaced = (
  world: World,
  { fingerprint, settledAt }: StoredRecord & { readonly settledAt?: number },
): boolean => {
  const held = world.read()
  return held === undefined || held.fingerprint !== fingerprint || !isSettled(held) || held.settledAt !== settledAt
}

const processOf = (world: World, { host }: Invocation, caching: Caching): CachedProcess => {
  const { processes, shared } = world.caches
  const known = world.random.chance(caching.newProcess) ? undefined : processes.get(host.id)
  if (known !== undefined) return known
  const process = newProcess(world, { host, isAlive: true }, caching, shared)
  processes.set(host.id, process)
  return process
}

const newProcess = (world: World, process: OnHost, { second }: Caching, shared: SharedEntries): CachedProcess => {
  const routes: CachedProcess['routes'] = new WeakMap()
  const of = (signal: AbortSignal): Store => routes.get(signal) as Store
  const store = cached(
    {
      skew: world.store.skew,
      outcomeRoom: world.store.outcomeRoom,
      claim: (wanted, signal) => of(signal).claim(wanted, signal),
      takeOver: (seen, wanted, signal) => of(signal).takeOver(seen, wanted, signal),
      renew: (claim, renewal, signal) => of(signal).renew(claim, renewal, signal),
      nextGeneration: (claim, next, signal) => of(signal).nextGeneration(claim, next, signal),
      checkpoint: (claim, checkpoint, signal) => of(signal).checkpoint(claim, checkpoint, signal),
      commit: (claim, commit, signal) => of(signal).commit(claim, commit, signal),
      settle: (claim, settlement, signal) => of(signal).settle(claim, settlement, signal),
      peek: (recordKey, signal) => of(signal).peek(recordKey, signal),
    },
    {
      maxEntries: 3, // there is one key
      runtime: {
        now: () => epochMillis(hostNow(world, process)),
        withDeadline: (span, run) => withDeadline(world, process, span, run),
      },
      ...(second === undefined ? {} : { second: simulatedSecondLevel(world, process, second, shared) }),
    },
  )
  return { store, routes }
}

/** A process that has died hears of nothing, also if no request was sent. */
const whileAlive = <T>(invocation: Invocation, answer: Promise<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    answer.then(
      (given) => {
        if (invocation.isAlive) resolve(given)
      },
      (error: unknown) => {
        if (invocation.isAlive) reject(error)
      },
    )
  })
