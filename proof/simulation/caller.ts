import type { IdempotencyEvent } from '../../lib/core/events.ts'
import type { Fingerprint } from '../../lib/core/identity/fingerprint.ts'
import { type AbandonedChoice, deciderOf } from '../../lib/core/lifecycle/reconciliation.ts'
import { type ClaimRequest, type InvocationTimes, timesOf } from '../../lib/core/lifecycle/request.ts'
import { run } from '../../lib/core/lifecycle/run.ts'
import type { RunResult } from '../../lib/core/lifecycle/run-result.ts'
import { readSettings } from '../../lib/core/options.ts'
import { endingOfHttpError } from '../../lib/core/outcome/outcome-policy.ts'
import type { Settings } from '../../lib/core/settings.ts'
import { fromSeconds } from '../../lib/core/time.ts'
import { reconcile } from '../../lib/effects/reconcile.ts'
import { runOneShot } from '../../lib/write/one-shot.ts'
import { behindCaches } from './cached-process.ts'
import { type Answer, endingOfAnswer, endingOfDone } from './deed.ts'
import { handle } from './handler.ts'
import type { Answered } from './history.ts'
import { die, happening, type Invocation, later, say } from './invocation.ts'
import { describePayload, describeResult } from './narrative.ts'
import { reachedStore } from './network/reached-store.ts'
import { question } from './question.ts'
import { virtualRuntime } from './virtual-runtime.ts'
import { type Host, RECORD_KEY, type World } from './world.ts'
import { writer } from './writer.ts'

/** A caller's request. */
export interface Request {
  readonly fingerprint: Fingerprint
  readonly host: Host
  readonly requestId: string
  /** Called once, with the last answer, or without one if the invocation died. */
  readonly whenEnded: (last: Answered | undefined) => void
}

/** How long an invocation may take, in milliseconds, as `getRemainingTimeInMillis` reports at its start. */
const REMAINING = [1, 400, 3_000, 3_000, 10_000, 30_000, 120_000] as const

/** Lambda kills a function up to 0.7 s after its deadline. */
const KILL_DELAY = 700

/** Sends a request to the function. It starts a new invocation, which runs the production lifecycle. */
export const invoke = (world: World, request: Request): void => {
  const invocation = newInvocation(world, request)
  const remaining = world.isCalm ? 3_000 : world.random.pick(REMAINING)
  say(
    world,
    invocation,
    () => `starts with payload ${describePayload(request.fingerprint)}, ${remaining} ms, as ${request.requestId}`,
  )
  if (world.profile.enforcesDeadline) planKill(world, invocation, remaining)
  const settings = settingsOf(world, invocation)
  const times = timesOf({ getRemainingTimeInMillis: () => remaining }, settings.runtime)
  const { deadline, expectedEnd = 0 } = times
  world.ends.push({ invocation: invocation.id, host: invocation.host.id, deadline, expectedEnd })
  ask(world, invocation, settings, { times, ...request }, 1)
}

/** About as many as an invocation passes, and as a step adds. */
const POINTS = 12
const POINTS_PER_STEP = 6

const newInvocation = (world: World, { fingerprint, host, requestId, whenEnded }: Request): Invocation => {
  const { profile, random, isCalm } = world
  const points = POINTS + (profile.plan?.steps.length ?? 0) * POINTS_PER_STEP
  const faulty = (probability: number): number =>
    !isCalm && random.chance(probability) ? random.between(1, points) : 0
  return {
    id: ++world.invocations,
    requestId,
    host,
    fingerprint,
    startedAt: world.timeline.now,
    crashAtPoint: faulty(profile.faults.crash),
    freezeAtPoint: faulty(profile.faults.freeze),
    isAlive: true,
    hasAnswered: false,
    points: 0,
    won: undefined,
    knownLease: 0,
    settlesFrom: undefined,
    commitsFrom: undefined,
    run: undefined,
    runs: [],
    hasContender: false,
    calls: 0,
    callOf: new Map(),
    kill: undefined,
    requests: { writes: 0, reads: 0, checkpoints: 0, claimStep: 0, inClaimStep: 0 },
    whenDead: () => whenEnded(undefined),
  }
}

/**
 * A zombie's host does not end it at its deadline. A process also runs on if its answer left before its handler ended.
 */
const planKill = (world: World, invocation: Invocation, remaining: number): void => {
  const { random, profile, isCalm } = world
  const zombie = !isCalm && random.chance(profile.faults.zombie)
  const delay = zombie ? random.between(10_000, 120_000) : random.between(0, KILL_DELAY)
  if (zombie) world.count('zombie')
  invocation.kill = later(world, invocation, remaining + delay, () => {
    world.count('killed at its deadline')
    die(world, invocation, 'is killed at its deadline')
  })
}

const settingsOf = (world: World, invocation: Invocation): Settings => {
  const { heartbeatSeconds, retentionSeconds, storeDown, unstored, rerunWithinSeconds } = world.profile
  return readSettings('simulation', {
    store: behindCaches(world, invocation, reachedStore(world, invocation)),
    operation: 'simulated',
    runtime: virtualRuntime(world, invocation),
    abandoned: choiceOf(world, invocation),
    rerunWithinSeconds,
    retentionSeconds,
    storeDown,
    unstored,
    ...(world.profile.trade === undefined ? {} : { observe: (event) => hear(world, invocation, event) }),
    ...(heartbeatSeconds === undefined ? {} : { heartbeat: { leaseSeconds: heartbeatSeconds } }),
  })
}

const hear = (world: World, { run }: Invocation, { type }: IdempotencyEvent): void => {
  if (type === 'lost' && run !== undefined)
    world.lossReports.push({ claim: run.claim, record: world.read(), ...happening(world) })
}

const choiceOf = (world: World, invocation: Invocation): AbandonedChoice<never> => {
  const { abandoned, askWithinSeconds } = world.profile
  if (abandoned !== 'ask') return abandoned
  return reconcile((_, claim) => question(world, invocation, claim), { withinSeconds: askWithinSeconds })
}

const MAX_TRIES = 3

/** There is one request, and every question is about it. */
const NO_SUBJECT = undefined as never

interface Asked extends Request {
  readonly times: InvocationTimes
}

const ask = (world: World, invocation: Invocation, settings: Settings, asked: Asked, tries: number): void => {
  const { profile, random } = world
  const askedAt = world.timeline.now
  const order = world.order()
  invocation.run = undefined
  invocation.won = undefined
  invocation.hasContender = false
  invocation.calls++
  const orders: number[] | undefined = isWrite(world) ? [] : undefined
  const finish = (result: Answered['result']): void => {
    const answer: Answered = {
      order: world.order(),
      at: world.timeline.now,
      invocation: invocation.id,
      fingerprint: invocation.fingerprint,
      askedAt,
      asked: order,
      won: invocation.won,
      claim: invocation.run?.claim,
      hadContender: invocation.hasContender,
      orders,
      result,
      requests: { ...invocation.requests },
    }
    world.answers.push(answer)
    world.count(
      answer.claim === undefined || result.kind === 'answered' ? 'answer' : 'answer after its run',
      nameOf(result),
    )
    say(world, invocation, () => `answers: ${describeResult(answer)}`)
    if (isUnavailable(answer) && profile.retries && tries < MAX_TRIES && random.chance(0.5)) {
      later(world, invocation, random.between(5, 800), () => ask(world, invocation, settings, asked, tries + 1))
      return
    }
    invocation.hasAnswered = true
    invocation.kill?.cancel()
    asked.whenEnded(answer)
  }
  const request = requestOf(world, asked)
  const result =
    orders === undefined
      ? runHandler(world, invocation, settings, request)
      : runOneShot(settings, request, writer(world, invocation, orders))
  result.then(finish, (error: unknown) => finish({ kind: 'threw', error }))
}

const requestOf = ({ profile }: World, { fingerprint, times }: Asked): ClaimRequest => ({
  recordKey: RECORD_KEY,
  fingerprint,
  ...times,
  peekFirst: profile.peekFirst,
  wait: profile.wait ? fromSeconds(3) : undefined,
})

const runHandler = (
  world: World,
  invocation: Invocation,
  settings: Settings,
  request: ClaimRequest,
): Promise<RunResult<Answer>> =>
  run(settings, request, {
    handler: (claim) => handle(world, invocation, claim),
    endingOfValue: endingOfAnswer,
    endingOfError: (error) => endingOfHttpError(error),
    decide: deciderOf({ abandoned: choiceOf(world, invocation) }, { subject: NO_SUBJECT, endingOf: endingOfDone }),
  })

/** Whether this request is a one-shot write. */
const isWrite = ({ profile: { trade }, random }: World): boolean =>
  trade !== undefined && trade.kind !== 'transact' && (trade.kind === 'oneShot' || random.chance(0.5))

export const isUnavailable = ({ result }: Answered): boolean =>
  result.kind === 'refused' && result.error.code === 'idempotency-unavailable'

const nameOf = (result: Answered['result']): string => {
  if (result.kind === 'answered') return result.status
  return result.kind === 'refused' ? result.error.code : result.kind
}
