import type { TransactItem } from '../../../lib/core/record/store.ts'
import { happening } from '../invocation.ts'
import { hold, keepToken, type TokenSend, tokenVerdict } from '../request-token.ts'
import { applyItems } from '../shop.ts'
import { doubt } from '../stock.ts'
import { cancelled, type ItemTable, refusal, type TableAnswer, type TableRequest } from '../table/item-table.ts'
import type { World } from '../world.ts'
import { type Fate, isDoubtful, isHeld } from './fate.ts'

/** A transaction in DynamoDB's JSON protocol. The first item is the record, and the others are the user's. */
export interface TransactRequest {
  readonly TransactItems: readonly [{ readonly Put?: TableRequest; readonly Update?: TableRequest }, ...TransactItem[]]
  readonly ClientRequestToken: string
}

export const recordIn = ({ TransactItems: [{ Put, Update }] }: TransactRequest): TableRequest => Put ?? Update ?? {}

/** The record is written without a claim. */
export const isPut = ({ TransactItems: [{ Put }] }: TransactRequest): boolean => Put !== undefined

const itemsIn = ({ TransactItems: [, ...items] }: TransactRequest): readonly TransactItem[] => items

/** What the world does when a transaction is sent. Returns what decides a send that DynamoDB holds. */
export const sending = (world: World, request: TransactRequest, fate: Fate): (() => void) => {
  if (isDoubtful(fate)) doubt(world, itemsIn(request))
  return isHeld(fate) ? hold(world, request.ClientRequestToken) : () => {}
}

/** Another transaction, or throttling, cancels it. */
export const busy = ({ random }: World): TableAnswer =>
  cancelled([undefined, { Code: random.pick(['TransactionConflict', 'ThrottlingError']) }])

/** Serves a transaction, with its request token. */
export const transacted = (world: World, table: ItemTable, request: TransactRequest): TableAnswer => {
  const send: TokenSend = { token: request.ClientRequestToken, content: JSON.stringify(request.TransactItems) }
  switch (tokenVerdict(world, send)) {
    case 'committed':
      return { status: 200, body: '{}' }
    case 'tokenUsed':
      return refusal('IdempotentParameterMismatchException')
    case 'underWay':
      return refusal('TransactionInProgressException')
    case undefined:
      return tried(world, table, request, send)
  }
}

const tried = (world: World, table: ItemTable, request: TransactRequest, send: TokenSend): TableAnswer => {
  let kind = 'lost' as 'committed' | 'refused' | 'lost' // unless the condition of the record holds
  const answer = table.transact(recordIn(request), () => {
    const reasons = applyItems(world.shop, itemsIn(request), happening(world))
    kind = reasons === undefined ? 'committed' : 'refused'
    return reasons?.map((reason) => reason && { Code: reason.code })
  })
  world.count('commit', kind)
  if (kind === 'committed') keepToken(world, send)
  return answer
}
