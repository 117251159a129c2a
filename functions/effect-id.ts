import { randomUUID } from 'node:crypto'
import type { HandlerClaim } from 'lambda-once/http'

/** The id of what a run makes: the same on every run that may repeat it, so that the row is written once. */
export const effectId = (claim: HandlerClaim | undefined, name: string): string =>
  claim === undefined ? randomUUID() : claim.downstreamKey(name)
