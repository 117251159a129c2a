import { randomUUID } from 'node:crypto'
import type { HandlerClaim } from 'lambda-once/http'

/** What the ids of an effect come from: the claim of a run, or the abandoned claim of a question. */
export type ClaimIds = Pick<HandlerClaim, 'downstreamKey' | 'signal'>

/** The id of an effect. A run that may repeat another gets the same id, so the effect happens once. */
export const effectId = (claim: Pick<ClaimIds, 'downstreamKey'> | undefined, name: string): string =>
  claim === undefined ? randomUUID() : claim.downstreamKey(name)
