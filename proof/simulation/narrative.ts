import type { Fingerprint } from '../../lib/core/identity/fingerprint.ts'
import type { Claim } from '../../lib/core/record/claim.ts'
import type { StoredRecord } from '../../lib/core/record/record.ts'
import type { Answered } from './history.ts'
import { PAYLOADS } from './world.ts'

/** The texts of the log. */

const seconds = (millis: number): string => `${millis < 0 ? '-' : '+'}${(Math.abs(millis) / 1000).toFixed(3)}s`

export const describeTime = (at: number, start: number): string => seconds(at - start).padStart(14)

export const describePayload = (fingerprint: Fingerprint): string => 'ABC'.charAt(PAYLOADS.indexOf(fingerprint))

export const describeClaim = ({ claimToken, attempt, generation, fingerprint }: Claim): string =>
  `${claimToken} (attempt ${attempt}, generation ${generation}, payload ${describePayload(fingerprint)})`

export const describeRecord = (record: StoredRecord | undefined, now: number): string => {
  if (record === undefined) return 'absent'
  const { status, claimToken, revision, attempt, generation, fingerprint, expiresAt } = record
  const lease =
    record.status !== 'IN_PROGRESS'
      ? ''
      : record.leaseExpiresAt === undefined
        ? ' no lease'
        : ` lease ${seconds(record.leaseExpiresAt - now)}`
  const outcome = 'outcome' in record ? ` outcome ${Buffer.from(record.outcome.subarray(2)).toString()}` : ''
  const expiry = expiresAt === undefined ? 'never expires' : `expires ${seconds(expiresAt - now)}`
  return `${status} ${claimToken} revision ${revision} attempt ${attempt} generation ${generation} payload ${describePayload(fingerprint)}${lease}${outcome} ${expiry}${describeOverride(record)}`
}

const describeOverride = ({ override }: StoredRecord): string => {
  if (override === undefined) return ''
  const { fingerprint, proposedBy, approvedBy } = override
  const approval = approvedBy === undefined ? 'not approved' : `approved by ${approvedBy}`
  return ` override for payload ${describePayload(fingerprint)}, proposed by ${proposedBy}, ${approval}`
}

export const describeResult = ({ result }: Pick<Answered, 'result'>): string => {
  switch (result.kind) {
    case 'answered':
      return `${JSON.stringify(result.value)}, ${result.status}`
    case 'replay':
      return `replay of ${Buffer.from(result.record.outcome.subarray(2)).toString()}`
    case 'refused':
      return `refused: ${result.error.code}`
    case 'threw':
      return `threw ${String(result.error)}`
  }
}
