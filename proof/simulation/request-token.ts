import type { Commit, CommitAnswer } from '../../lib/core/record/store.ts'
import { numberIn } from './shop.ts'
import type { World } from './world.ts'

/** A send of a transaction. `content` is what differs between two requests. */
export interface TokenSend {
  readonly token: string
  readonly content: string
}

/**
 * As DynamoDB with a request token: a transaction that was applied is answered again and not applied again, one that was
 * cancelled may still be applied by a later send, and another request under the token of an applied one is refused.
 * `undefined`: the transaction is tried.
 */
export const tokenVerdict = (
  { shop, count, profile }: World,
  { token, content }: TokenSend,
): 'committed' | 'tokenUsed' | 'underWay' | undefined => {
  const committed = shop.committed.get(token)
  if (committed !== undefined) {
    const isSame = committed === content && profile.trade?.isEmulated !== true
    count('token', isSame ? 'of a committed transaction' : 'of another transaction')
    return isSame ? 'committed' : 'tokenUsed'
  }
  if ((shop.underWay.get(token) ?? 0) === 0) return undefined
  count('token', 'under way')
  return 'underWay'
}

/** The transaction of this send is applied. */
export const keepToken = ({ shop }: World, { token, content }: TokenSend): void => {
  shop.committed.set(token, content)
}

/** The same for a store that is called without a table. */
export const withToken = async (
  world: World,
  commit: Commit,
  act: () => Promise<CommitAnswer>,
): Promise<CommitAnswer> => {
  const send = { token: commit.requestToken, content: contentOf(commit) }
  const kind = tokenVerdict(world, send)
  if (kind !== undefined) return { kind }
  const answer = await act()
  world.count('commit', answer.kind)
  if (answer.kind === 'committed') keepToken(world, send)
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
