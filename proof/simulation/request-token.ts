import type { CommitAnswer } from '../../lib/core/record/store.ts'
import type { World } from './world.ts'

/**
 * As DynamoDB with a request token: a transaction that was applied is answered again and not applied again, and one that
 * was cancelled may still be applied by a later send.
 */
export const withToken = async (
  { shop, count }: World,
  token: string,
  act: () => Promise<CommitAnswer>,
): Promise<CommitAnswer> => {
  if (shop.committed.has(token)) {
    count('token', 'of a committed transaction')
    return { kind: 'committed' }
  }
  if ((shop.underWay.get(token) ?? 0) > 0) {
    count('token', 'under way')
    return { kind: 'underWay' }
  }
  const answer = await act()
  count('commit', answer.kind)
  if (answer.kind === 'committed') shop.committed.add(token)
  return answer
}

/** DynamoDB may have a send without deciding it. Returns what decides it. */
export const hold = ({ shop: { underWay }, random, profile }: World, token: string): (() => void) => {
  if (!random.chance(profile.trade?.held ?? 0)) return () => {}
  const add = (by: number): unknown => underWay.set(token, (underWay.get(token) ?? 0) + by)
  add(1)
  return () => add(-1)
}
