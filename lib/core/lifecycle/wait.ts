import { judge } from '../record/judge.ts'
import type { Settings } from '../settings.ts'
import { between, type EpochMillis, fromSeconds, later, type Millis, millis } from '../time.ts'
import { begin } from './begin.ts'
import type { BeginResult, Decide } from './begin-result.ts'
import { endOfWait } from './budget.ts'
import { judgeTerms } from './judge-terms.ts'
import { peek } from './peek.ts'
import type { ClaimRequest } from './request.ts'

type Conflict = Extract<BeginResult, { kind: 'conflict' }>

const FIRST_PAUSE = millis(100)
const LONGEST_PAUSE = fromSeconds(1)
const GROWTH = 1.5

/**
 * Like `begin`, but if another invocation holds the claim, waits for it to end. Its outcome is replayed. If it left
 * none, this request claims the record. If the time is over, the result is the conflict.
 */
export const beginWaiting = async (
  settings: Settings,
  request: ClaimRequest,
  decide?: Decide,
): Promise<BeginResult> => {
  const { wait } = request
  const begun = await begin(settings, request, decide)
  if (wait === undefined || begun.kind !== 'conflict') return begun
  return waitFor(settings, { request, decide }, begun, endOfWait(request.now(), wait, request.deadline))
}

const waitFor = async (
  settings: Settings,
  { request, decide }: { readonly request: ClaimRequest; readonly decide: Decide | undefined },
  conflict: Conflict,
  until: EpochMillis,
): Promise<BeginResult> => {
  const { runtime } = settings
  const { now } = request
  let current = conflict
  let seenAt = now()
  for (let pause = FIRST_PAUSE; ; pause = millis(Math.min(LONGEST_PAUSE, pause * GROWTH))) {
    const span = millis(pause * (0.5 + runtime.random() / 2))
    if (later(now(), span) >= until) return ageConflict(current, between(seenAt, now()))
    await runtime.sleep(span)
    request.signal?.throwIfAborted()
    if (await isStillClaimed(settings, request)) continue
    // The record has just been read.
    const begun = await begin(settings, { ...request, peekFirst: false, hasContender: true }, decide)
    if (begun.kind !== 'conflict') return begun
    current = begun
    seenAt = now()
  }
}

/** The retry time of a conflict counts from when the conflict was seen. */
const ageConflict = ({ kind, retryAfterSeconds }: Conflict, elapsed: Millis): Conflict => ({
  kind,
  retryAfterSeconds: Math.max(1, retryAfterSeconds - Math.floor(elapsed / 1000)),
})

/** An eventually consistent read is enough: the next one sees what this one misses. */
const isStillClaimed = async (settings: Settings, request: ClaimRequest): Promise<boolean> => {
  try {
    const record = await peek(settings, request)
    if (record === undefined) return false
    return judge(record, judgeTerms(settings, request, settings.runtime.now())).kind === 'conflict'
  } catch {
    return true // until a read says otherwise
  }
}
