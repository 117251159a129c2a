import type { Commit, CommitAnswer } from '../../lib/core/record/store.ts'
import { numberIn } from './shop.ts'
import type { World } from './world.ts'

/**
 * As DynamoDB with a request token: a transaction that was applied is answered again and not applied again, one that was
 * cancelled may still be applied by a later send, and another request under the token of an applied one is refused.
 */
export const withToken = async (
  { shop, count, profile }: World,
  commit: Commit,
  act: () => Promise<CommitAnswer>,
): Promise<CommitAnswer> => {
  const { requestToken: token } = commit
  const committed = shop.committed.get(token)
  if (committed !== undefined) {
    const isSame = committed === contentOf(commit) && profile.trade?.isEmulated !== true
    count('token', isSame ? 'of a committed transaction' : 'of another transaction')
    return { kind: isSame ? 'committed' : 'tokenUsed' }
  }
  if ((shop.underWay.get(token) ?? 0) > 0) {
    count('token', 'under way')
    return { kind: 'underWay' }
  }
  const answer = await act()
  count('commit', answer.kind)
  if (answer.kind === 'committed') shop.committed.set(token, contentOf(commit))
  return answer
}

/** What differs between two requests of the simulated handlers. */
const contentOf = ({ items, completion: { settledAt, outcome } }: Commit): string =>
  `${numberIn(items)} ${settledAt} ${Buffer.from(outcome).toString()}`

/** DynamoDB may have a send without deciding it. Returns what decides it. */
export const hold = ({ shop: { underWay }, random, profile }: World, token: string): (() => void) => {
  if (!random.chance(profile.trade?.held ?? 0)) return () => {}
  const add = (by: number): unknown => underWay.set(token, (underWay.get(token) ?? 0) + by)
  add(1)
  return () => add(-1)
}
