import type { SecondLevel } from '../../lib/cached/second-level.ts'
import { deriveFingerprint } from '../../lib/core/identity/fingerprint.ts'
import { deriveRecordKey } from '../../lib/core/identity/record-key.ts'
import { encodeOutcome, outcomeOf } from '../../lib/core/outcome/outcome.ts'
import type { ClaimToken, SettledRecord, StoredRecord } from '../../lib/core/record/record.ts'
import { epochMillis } from '../../lib/core/time.ts'
import type { SecondFaults, SharedEntries } from './caching.ts'
import { later, type OnHost } from './invocation.ts'
import { describeRecord } from './narrative.ts'
import { PAYLOADS, RECORD_KEY, type World } from './world.ts'

/** How one process reaches the second level. */
export const simulatedSecondLevel = (
  world: World,
  process: OnHost,
  faults: SecondFaults,
  entries: SharedEntries,
): SecondLevel => {
  const { random, timeline } = world
  const happens = (probability: number): boolean => !world.isCalm && random.chance(probability)

  const answering = <T>(act: () => T): Promise<T> =>
    new Promise((resolve, reject) => {
      if (isDown(world, faults, entries)) {
        world.count('second level', entries.refuses ? 'refuses' : 'does not answer')
        if (entries.refuses) later(world, process, random.between(1, 3), () => reject(new Error('down')))
        return
      }
      const isSlow = happens(faults.slow)
      if (isSlow) world.count('second level', 'is slow')
      later(world, process, isSlow ? random.between(10, 60) : random.between(1, 4), () => resolve(act()))
    })

  const read = (): SettledRecord | undefined => {
    if (happens(faults.evicts)) {
      world.count('second level', 'evicts')
      entries.current = undefined
    }
    if (happens(faults.foreign)) return foreign(world)
    if (happens(faults.stale)) return stale(world, entries)
    return entries.current
  }

  return {
    get: () =>
      answering(() => {
        const found = read()
        if (found !== undefined) world.log?.(() => `  second level gives ${describeRecord(found, timeline.now)}`)
        return found
      }),
    set: (record) => {
      const keep = (): void => {
        entries.all.push(record)
        entries.current = record
      }
      if (!happens(faults.lateSet)) return answering(keep)
      world.count('second level', 'keeps late')
      timeline.after(random.between(5, random.pick([100, 3_000, 400_000])), keep)
      return answering(() => {})
    },
    forget: () =>
      answering(() => {
        if (!happens(faults.keepsOn)) entries.current = undefined
        else world.count('second level', 'does not forget')
      }),
  }
}

const isDown = ({ isCalm, random, timeline }: World, { down }: SecondFaults, entries: SharedEntries): boolean => {
  if (isCalm) return false
  if (timeline.now >= entries.downUntil && random.chance(down)) {
    entries.downUntil = timeline.now + random.between(1, random.pick([50, 2_000, 10_000]))
    entries.refuses = random.chance(0.5)
  }
  return timeline.now < entries.downUntil
}

/** Also a state that no process would have kept. */
const stale = ({ random, writes, count }: World, { all }: SharedEntries): SettledRecord | undefined => {
  count('second level', 'is stale')
  if (all.length > 0 && random.chance(0.5)) return random.pick(all)
  return writes.length === 0 ? undefined : (random.pick(writes).after as SettledRecord | undefined)
}

const OTHER_KEY = deriveRecordKey({ operation: 'simulated', tenant: 'single-tenant', key: 'another key' })
const OTHER_FINGERPRINT = deriveFingerprint([{ kind: 'text', text: 'a payload that no caller has' }])
const OUTCOME = encodeOutcome(outcomeOf({ of: 'another record' }), {
  besideBytes: 512,
  unitBytes: 1_024,
  maxBytes: 4_096,
})

/** A record of another key with a payload that callers have, or of this key with another payload. */
const foreign = ({ random, timeline, count }: World): SettledRecord => {
  count('second level', 'gives another record')
  const at = timeline.now
  const isOfKey = random.chance(0.4)
  const record: StoredRecord = {
    recordKey: isOfKey ? RECORD_KEY : OTHER_KEY,
    fingerprint: isOfKey ? OTHER_FINGERPRINT : random.pick(PAYLOADS),
    claimToken: 'of-another' as ClaimToken,
    revision: 2,
    attempt: 1,
    generation: 1,
    createdAt: epochMillis(at),
    status: 'SUCCEEDED',
    outcome: OUTCOME,
    settledAt: epochMillis(at),
    expiresAt: epochMillis(at + 86_400_000),
  }
  return record
}
