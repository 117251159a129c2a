import type { Fingerprint } from '../../lib/core/identity/fingerprint.ts'
import type { RecordKey } from '../../lib/core/identity/record-key.ts'
import { type AbandonedRule, judge, retryAfterSeconds, type Verdict } from '../../lib/core/record/judge.ts'
import type { ClaimToken, StoredRecord } from '../../lib/core/record/record.ts'
import { epochMillis, millis } from '../../lib/core/time.ts'

const NOW = 1_800_000_000_000
const SKEW = 2_000
const OURS = '1:ours' as Fingerprint
const OTHER = '1:other' as Fingerprint

const base = {
  recordKey: 'payments#x' as RecordKey,
  fingerprint: OURS,
  claimToken: 't' as ClaimToken,
  revision: 1,
  attempt: 1,
  generation: 1,
  createdAt: epochMillis(NOW - 60_000),
}

const inProgress = (leaseExpiresAt: number | undefined, fingerprint = OURS, expiresAt = NOW + 1e8): StoredRecord => ({
  ...base,
  fingerprint,
  status: 'IN_PROGRESS',
  leaseExpiresAt: leaseExpiresAt === undefined ? undefined : epochMillis(leaseExpiresAt),
  expiresAt: epochMillis(expiresAt),
})

const settled = (status: 'SUCCEEDED' | 'FAILED', expiresAt: number, fingerprint = OURS): StoredRecord => ({
  ...base,
  fingerprint,
  status,
  outcome: new Uint8Array([1, 0]),
  settledAt: epochMillis(NOW - 1_000),
  expiresAt: epochMillis(expiresAt),
})

const released = (expiresAt: number, fingerprint = OURS): StoredRecord => ({
  ...base,
  fingerprint,
  status: 'RELEASED',
  settledAt: epochMillis(NOW - 1_000),
  expiresAt: epochMillis(expiresAt),
})

const verdict = (record: StoredRecord, abandoned: AbandonedRule = 'rerun'): Verdict =>
  judge(record, {
    fingerprint: OURS,
    now: epochMillis(NOW),
    skew: millis(SKEW),
    abandoned,
    runEndsAt: epochMillis(NOW + 10_000),
  })

const takeOver = (reason: string): unknown => ({ kind: 'takeOver', reason })

describe('judge', () => {
  test.each<[string, StoredRecord, unknown]>([
    ['B4: a succeeded record past its retention counts as absent', settled('SUCCEEDED', NOW), takeOver('expired')],
    ['B4: a failed record past its retention counts as absent', settled('FAILED', NOW - 1), takeOver('expired')],
    [
      'B4: a record of another payload past its retention counts as absent',
      settled('SUCCEEDED', NOW, OTHER),
      takeOver('expired'),
    ],
    ['B4: a released record past its retention counts as absent', released(NOW, OTHER), takeOver('expired')],
    ['a succeeded record within its retention is replayed', settled('SUCCEEDED', NOW + 1), { kind: 'replay' }],
    ['a failed record within its retention is replayed', settled('FAILED', NOW + 1), { kind: 'replay' }],
    ['a released record is taken over', released(NOW + 1), takeOver('released')],
    ['a released record is taken over by any payload', released(NOW + 1, OTHER), takeOver('released')],
    [
      'E3: a settled record of another payload is a mismatch',
      settled('SUCCEEDED', NOW + 1, OTHER),
      { kind: 'mismatch' },
    ],
    ['E3: a record in progress of another payload is a mismatch', inProgress(NOW + 9_000, OTHER), { kind: 'mismatch' }],
    ['C4: an abandoned record of another payload is a mismatch', inProgress(undefined, OTHER), { kind: 'mismatch' }],
    [
      'C4: a record of another payload past its lease is a mismatch',
      inProgress(NOW - 9_000, OTHER),
      { kind: 'mismatch' },
    ],
    [
      'D6: a fingerprint of an unknown algorithm is a mismatch',
      settled('SUCCEEDED', NOW + 1, '9:ours' as Fingerprint),
      { kind: 'mismatch' },
    ],
    ['A4: a live lease is a conflict', inProgress(NOW + 5_000), { kind: 'conflict' }],
    ['B2: a lease within the skew is still live', inProgress(NOW - SKEW), { kind: 'conflict' }],
    ['B2: a lease past the skew is abandoned', inProgress(NOW - SKEW - 1), takeOver('abandoned')],
    ['B2: a record without a lease is abandoned', inProgress(undefined), takeOver('abandoned')],
    ['B4: a record in progress is never expired', inProgress(NOW + 5_000, OURS, NOW - 1e9), { kind: 'conflict' }],
    ['B4: an abandoned record is never expired', inProgress(undefined, OTHER, NOW - 1e9), { kind: 'mismatch' }],
  ])('%s', (_, record, expected) => {
    expect(verdict(record)).toMatchObject(expected as object)
  })

  test.each([
    ['without a lease', inProgress(undefined)],
    ['past its lease', inProgress(NOW - 1e9)],
  ])('C9: a held record %s waits for a decision', (_, record) => {
    expect(verdict(record, 'hold')).toEqual({ kind: 'outcomeUnknown' })
  })

  test('C9: a live lease is a conflict, also under hold', () => {
    expect(verdict(inProgress(NOW + 1_000), 'hold')).toMatchObject({ kind: 'conflict' })
  })

  test('B2: a client that waits as long as Retry-After says is not refused again', () => {
    for (let left = -1_999; left < 20_000; left += 37) {
      const record = inProgress(NOW + left)
      const first = verdict(record)
      if (first.kind !== 'conflict') throw new Error(`expected a conflict at ${left}`)
      // The store's clock reports whole seconds.
      const then = Math.floor((NOW + first.retryAfterSeconds * 1000) / 1000) * 1000
      const second = judge(record, {
        fingerprint: OURS,
        now: epochMillis(then),
        skew: millis(SKEW),
        abandoned: 'rerun',
        runEndsAt: epochMillis(then),
      })
      expect(second).toEqual(takeOver('abandoned'))
    }
  })

  test('E4: Retry-After is at least 1, and at most the rest of the lease plus the skew plus 2 seconds', () => {
    for (let left = -10_000; left < 900_000; left += 997) {
      const wait = retryAfterSeconds(epochMillis(NOW + left), { now: epochMillis(NOW), skew: millis(SKEW) })
      expect(wait).toBeGreaterThanOrEqual(1)
      expect(wait).toBeLessThanOrEqual(Math.max(1, (left + SKEW) / 1000 + 2))
    }
  })
})
