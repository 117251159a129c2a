import type { Reply } from './request.ts'

/** What the API answered, in order. */
export interface Evidence {
  /** To the simultaneous requests. */
  readonly burst: readonly Reply[]
  readonly retry: Reply
  readonly otherBody: Reply
  /** How many effects were added; `undefined` if they were not counted. */
  readonly effects: number | undefined
}

export interface Finding {
  readonly check: string
  readonly passed: boolean
  readonly found: string
}

export const judgeEvidence = ({ burst, retry, otherBody, effects }: Evidence): readonly Finding[] => {
  const created = burst.filter(isCreated)
  const [first] = created
  const others = burst.filter((reply) => !isCreated(reply))
  return [
    {
      check: 'exactly one of the simultaneous requests is created',
      passed: created.length === 1,
      found: tally(burst),
    },
    {
      check: 'every other one is replayed, or refused as in progress',
      passed: others.every(isReplayedOrInProgress),
      found: tally(others),
    },
    {
      check: 'a retry gets the same status and body, replayed',
      passed: retry.how === 'replayed' && retry.status === first?.status && retry.body === first?.body,
      found: said(retry),
    },
    {
      check: 'another body with the same key is refused with 422',
      passed: otherBody.status === 422 && otherBody.how === 'key-reused',
      found: said(otherBody),
    },
    ...(effects === undefined
      ? []
      : [{ check: 'there is exactly one effect', passed: effects === 1, found: `${effects} more than before` }]),
  ]
}

/** A first answer that fails was not kept, so a later request may be created too: it proves nothing. */
const isCreated = ({ how, status = 0 }: Reply): boolean => how === 'created' && status >= 200 && status < 400

const isReplayedOrInProgress = ({ status, how }: Reply): boolean =>
  how === 'replayed' || (status === 409 && how === 'in-progress')

const said = ({ status, how }: Reply): string => `${status ?? 'no answer'} ${how ?? 'without Idempotency-Status'}`

const tally = (replies: readonly Reply[]): string => {
  const counts = new Map<string, number>()
  for (const reply of replies) counts.set(said(reply), (counts.get(said(reply)) ?? 0) + 1)
  return [...counts].map(([text, count]) => `${count} × ${text}`).join(', ') || 'none'
}
