import { firstOf, type Invariant } from './story.ts'

/** Who ended its claim is answered so, also where it heard of it only from its second send. */
export const recognisesItself: Invariant = (story) =>
  firstOf(story.answers, (answer) => {
    const { claim, result, invocation, order } = answer
    if (claim === undefined || (result.kind !== 'replay' && result.kind !== 'refused')) return undefined
    if (result.kind === 'refused' && result.error.code !== 'in-progress') return undefined
    const last = story.writes.findLast((write) => write.order < order)
    return last?.by === 'settle' && last.claim.claimToken === claim.claimToken
      ? `invocation ${invocation} took its own settlement for somebody else's`
      : undefined
  })

/** A handler is told that its claim is lost only while it runs, and only if the claim is lost or the lease lapsed. */
export const abortsWhenLost: Invariant = (story) =>
  firstOf(story.aborts, ({ claim, hostNow, knownLease, record, handlerEnded }) => {
    if (handlerEnded) return `${claim.claimToken} was told of a loss after its handler had ended`
    if (record?.claimToken !== claim.claimToken || record.status !== 'IN_PROGRESS' || hostNow >= knownLease)
      return undefined
    return `${claim.claimToken} was told that it is lost, which it is not`
  })
