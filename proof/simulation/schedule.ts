import type { Fingerprint } from '../../lib/core/identity/fingerprint.ts'
import type { StoredRecord } from '../../lib/core/record/record.ts'
import { fromSeconds } from '../../lib/core/time.ts'
import { invoke } from './caller.ts'
import { findingOf } from './decide-step.ts'
import type { Answered, Calm, History } from './history.ts'
import { happening, say } from './invocation.ts'
import { meddle, operate } from './operator.ts'
import { tellOverride } from './override-story.ts'
import type { Profile } from './profile.ts'
import { changeStock } from './stock.ts'
import { createWorld, FINGERPRINTS, type Host, historyOf, type Setting, type World } from './world.ts'

/** The schedule of one seed: acts of callers with faults, a calm in which callers keep coming, and a late return. */
export interface Schedule {
  /** Runs the next event. Returns `false` if there is none. Drain promises between two steps. */
  step(): boolean
  history(): History
}

type Scene = (world: World) => void

export const createSchedule = (setting: Setting): Schedule => {
  const world = createWorld(setting)
  const scenes = drawScenes(world)
  if (world.profile.farClocks) world.count('clocks beyond the skew')
  return {
    step: () => {
      if (world.timeline.isQuiet) {
        if (world.writes.length > 0) world.rests.push({ record: world.read(), ...happening(world) })
        const scene = scenes.shift()
        if (scene === undefined) return false
        scene(world)
        return true
      }
      world.timeline.step()
      return true
    },
    history: () => historyOf(world),
  }
}

const drawScenes = ({ profile, random }: World): Scene[] => [
  acts,
  ...(comesToAnEnd(profile) && random.chance(0.4) ? [calm] : []),
  ...(random.chance(0.25) ? [returnLate] : []),
]

/** Whether no record waits for a person or for the end of a window. */
const comesToAnEnd = ({ abandoned, rerunWithinSeconds, farClocks, plan, trade }: Profile): boolean =>
  abandoned !== 'hold' &&
  // A one-shot write asks nothing.
  !(abandoned === 'ask' && trade !== undefined && trade.kind !== 'transact') &&
  rerunWithinSeconds === undefined &&
  !farClocks &&
  plan?.steps.some(({ inDoubt }) => inDoubt === 'stop') !== true

/** An act begins when the callers of the previous act have ended, while its late requests are still under way. */
const acts: Scene = (world) => {
  changeStock(world)
  let left = world.profile.acts
  const next = (): void => {
    if (left-- > 0) act(world, left + 1 === world.profile.acts ? world.timeline.now : nextStart(world), next)
  }
  next()
}

/** Near the moments at which the meaning of a record changes. */
const nextStart = (world: World): number => {
  const { random, timeline, store } = world
  const record = world.read()
  const near = (at: number, by: number): number => Math.max(timeline.now, at + random.between(-by, by))
  const choice = random.next()
  const decisive = decisiveTime(world, record)
  if (decisive !== undefined && choice < 0.4) return near(decisive, 3_000)
  if (record?.status === 'IN_PROGRESS' && record.leaseExpiresAt !== undefined && choice < 0.6)
    return near(record.leaseExpiresAt + store.skew, 3_000)
  if (record?.expiresAt !== undefined && choice < 0.25) return near(record.expiresAt, 3_000)
  return choice < 0.8 ? timeline.now + random.between(0, 3_000) : timeline.now + random.between(0, 400_000)
}

/** When an override ends, when a retry may ask the downstream again, or about when the last run may begin in the window. */
const decisiveTime = ({ profile, random }: World, record: StoredRecord | undefined): number | undefined => {
  if (record?.override !== undefined) return record.override.until
  if (record?.status !== 'IN_PROGRESS') return undefined
  if (record.reconcileAt !== undefined) return record.reconcileAt
  if (profile.rerunWithinSeconds === undefined) return undefined
  return (
    (record.generationAt ?? record.createdAt) +
    profile.rerunWithinSeconds * 1_000 -
    random.pick([0, 0, 4, 11, 31]) * 1_000
  )
}

const SPREADS = [0, 4, 30, 200, 1_000, 5_000, 30_000] as const
const MAX_INVOCATIONS = 6

const act = (world: World, start: number, next: () => void): void => {
  const { profile, random, timeline } = world
  const callers = random.pick([1, 2, 2, 3])
  const spread = random.pick(SPREADS)
  let left = callers
  const ended = (): void => {
    left--
    if (left === 0) next()
  }
  for (let caller = 0; caller < callers; caller++) {
    const fingerprint = FINGERPRINTS[random.chance(profile.otherPayload) ? 1 : 0]
    timeline.at(start + random.between(0, spread), () => call(world, { fingerprint, ended }))
  }
  if (profile.faults.slowSettle > 0) {
    // While a settlement is delayed and a short lease would have ended.
    left++
    timeline.at(start + random.between(6_000, 13_000), () => call(world, { fingerprint: FINGERPRINTS[0], ended }))
  }
  const { overrides } = profile
  if (overrides !== undefined) {
    left++
    const come = (fingerprint: Fingerprint): void => {
      left++
      call(world, { fingerprint, ended })
    }
    timeline.at(start + random.between(spread, spread + 3_000), () => tellOverride(world, overrides, come, ended))
  }
  if (profile.meddler) timeline.at(start + random.between(0, spread), () => meddle(world))
  if (profile.operator) {
    const decidedAt = start + random.between(0, spread + 5_000)
    timeline.at(decidedAt, () => operate(world))
    // After an operator's decision the client comes with another payload, while the first owner may still run.
    left++
    timeline.at(decidedAt + random.between(0, 500), () =>
      call(world, { fingerprint: random.pick(FINGERPRINTS), ended }),
    )
  }
}

interface Caller {
  readonly fingerprint: Fingerprint
  readonly ended: () => void
  /** The request id of the repeated invocation. */
  readonly again?: string
}

/** A caller that may retry. The retry of an asynchronous event keeps the request id; a client gets a new one. */
const call = (world: World, { fingerprint, ended, again }: Caller): void => {
  const { profile, random, timeline } = world
  const requestId = again ?? `request-${world.invocations + 1}`
  const host = random.pick(world.hosts)
  const whenEnded = (last: Answered | undefined): void => {
    if (findingOf(world) !== undefined && random.chance(0.5))
      timeline.after(random.between(0, 2_000), () => operate(world))
    if (!profile.retries || world.invocations >= MAX_INVOCATIONS || isFinal(last) || random.chance(0.3)) {
      ended()
      return
    }
    const keepsId = last === undefined || last.result.kind === 'threw'
    timeline.after(pauseBefore(world, last), () =>
      call(world, { fingerprint, ended, ...(keepsId ? { again: requestId } : {}) }),
    )
  }
  invoke(world, { fingerprint, host, requestId, whenEnded })
}

const isFinal = (last: Answered | undefined): boolean =>
  last !== undefined && (last.result.kind === 'replay' || last.result.kind === 'answered')

const pauseBefore = (world: World, last: Answered | undefined): number => {
  const { random } = world
  const retryAfterSeconds = last?.result.kind === 'refused' ? last.result.error.retryAfterSeconds : undefined
  if (retryAfterSeconds !== undefined && random.chance(0.5)) return retryAfterSeconds * 1000
  return random.chance(0.5) ? random.between(0, 50) : random.between(100, 5_000)
}

/** Without new faults a caller comes again, after each `Retry-After`, until it gets an outcome. */
const calm: Scene = (world) => {
  world.isCalm = true
  world.shop.stock = CALM_CALLS
  const { timeline } = world
  const record = world.read()
  const fingerprint = record?.fingerprint ?? FINGERPRINTS[0]
  const host: Host = world.hosts[0] as Host
  host.frozenUntil = 0
  const period: Calm = {
    since: timeline.now,
    record,
    handlerMillis: 80 + (world.profile.plan?.steps.length ?? 0) * STEP_MILLIS,
    refusedAgain: 0,
    pendingAgain: 0,
    answeredAt: undefined,
  }
  world.calms.push(period)
  say(world, undefined, () => 'faults stop; callers keep coming')
  const keepComing = (times: number, isPending = false): void => {
    const whenEnded = (last: Answered | undefined): void => {
      if (isFinal(last)) period.answeredAt = timeline.now
      else if (isRefusedAs(last, 'in-progress') && times < CALM_CALLS) period.refusedAgain++
      const pending = isRefusedAs(last, 'outcome-pending')
      if (pending && isPending) period.pendingAgain++
      if (!isFinal(last) && times > 1) timeline.after(pauseTold(last), () => keepComing(times - 1, pending))
    }
    invoke(world, { fingerprint, host, requestId: `calm-${times}`, whenEnded })
  }
  keepComing(CALM_CALLS)
}

const CALM_CALLS = 5

/** What a step takes in the calm: itself, a question, a checkpoint and a pause. */
const STEP_MILLIS = 260

const isRefusedAs = (last: Answered | undefined, code: 'in-progress' | 'outcome-pending'): boolean =>
  last?.result.kind === 'refused' && last.result.error.code === code

const pauseTold = (last: Answered | undefined): number =>
  fromSeconds((last?.result.kind === 'refused' ? last.result.error.retryAfterSeconds : undefined) ?? 1)

const DAY = 86_400_000

/** Callers come back around the expiry of the record, or days later. */
const returnLate: Scene = (world) => {
  const { random, timeline } = world
  world.isCalm = false
  const expiresAt = world.read()?.expiresAt
  const start =
    expiresAt !== undefined && random.chance(0.7) ? expiresAt + random.between(-3_000, 5_000) : timeline.now + 3 * DAY
  act(world, start, () => {})
}
