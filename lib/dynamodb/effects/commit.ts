import type { TransactWriteItem, TransactWriteItemsCommandInput } from '@aws-sdk/client-dynamodb'
import type { Claim } from '../../core/record/claim.ts'
import { putRecord } from '../../core/record/settled-record.ts'
import type { Commit, CommitAnswer } from '../../core/record/store.ts'
import { putInput, settleInput } from '../expressions.ts'
import type { FormOf } from '../item-table.ts'
import { outputOf } from '../output.ts'
import { assertForeignItems, commitAnswerOf } from './cancellation.ts'

export const commitOf = (commit: Omit<Commit, 'dynamoDb'>): Commit => ({ ...commit, dynamoDb: send })

const send: FormOf<Commit, CommitAnswer> = async ({ tableName, client, keys }, claim, commit, signal) => {
  if (client.transactWriteItems === undefined)
    return { kind: 'mistaken', error: new TypeError('The ItemClient has no transactWriteItems'), isOnlySend: true }
  try {
    assertForeignItems(commit.items, tableName, keys)
  } catch (error) {
    return { kind: 'mistaken', error, isOnlySend: true }
  }
  try {
    outputOf(await client.transactWriteItems(commitInput(tableName, claim, commit), signal), tableName)
    return { kind: 'committed' }
  } catch (error) {
    return commitAnswerOf(error, tableName, claim, commit)
  }
}

/** The record comes first: its reason decides what a cancellation means. */
const commitInput = (
  tableName: string,
  claim: Claim,
  { completion, items, requestToken, put }: Commit,
): TransactWriteItemsCommandInput => ({
  TransactItems: [
    put === undefined
      ? { Update: settleInput(tableName, claim, completion) as TransactWriteItem['Update'] }
      : { Put: putInput(tableName, putRecord(claim, completion), put.over) },
    ...(items as readonly TransactWriteItem[]),
  ],
  ClientRequestToken: requestToken,
})
