import { firstOf, type Invariant } from './story.ts'

/** An owner that settled its claim gets its own outcome, even if only its second send was answered. */
export const recognisesItself: Invariant = (story) =>
  firstOf(story.answers, (answer) => {
    const { claim, result, invocation, order } = answer
    if (claim === undefined || (result.kind !== 'replay' && result.kind !== 'refused')) return undefined
    if (result.kind === 'refused' && result.error.code !== 'in-progress') return undefined
    const last = story.writes.findLast((write) => write.order < order)
    return last?.by === 'settle' && last.claim.claimToken === claim.claimToken
      ? `invocation ${invocation} took its own settlement for that of another claimant`
      : undefined
  })

/**
 * The signal reports a lost claim only while the handler runs, and only if the claim is lost or its lease has lapsed.
 */
export const abortsWhenLost: Invariant = (story) =>
  firstOf(story.aborts, ({ claim, hostNow, knownLease, record, handlerEnded }) => {
    if (handlerEnded) return `${claim.claimToken} was reported lost after its handler had ended`
    if (record?.claimToken !== claim.claimToken || record.status !== 'IN_PROGRESS' || hostNow >= knownLease)
      return undefined
    return `${claim.claimToken} was reported lost, but it is not`
  })
