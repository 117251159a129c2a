import { randomUUID } from 'node:crypto'
import type { HandlerClaim } from 'lambda-once/http'

/** The id of the row that a run writes. A run that may repeat another gets the same id, so the row is written once. */
export const effectId = (claim: HandlerClaim | undefined, name: string): string =>
  claim === undefined ? randomUUID() : claim.downstreamKey(name)
