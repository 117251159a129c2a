import { between, fromSeconds, type Millis, millis } from '../time.ts'
import type { HeldClaim } from './held-claim.ts'

/** What the answer needs to be written and to leave before the invocation ends. */
const ANSWER_MARGIN = fromSeconds(1)

/** The longest that a question before the run may take; none if it is not above 0. */
export const timeToAsk = ({ request: { now, deadline } }: HeldClaim, within: Millis): Millis =>
  deadline === undefined ? within : millis(Math.min(within, between(now(), deadline) - ANSWER_MARGIN))
