import type { AttributeValue, UpdateItemCommandInput } from '@aws-sdk/client-dynamodb'
import type { Claim } from '../../core/record/claim.ts'
import { isOwnCheckpoint, isOwnClaim } from '../../core/record/own-write.ts'
import type { Checkpoint, CheckpointAnswer } from '../../core/record/store.ts'
import { ownersUpdate } from '../expressions.ts'
import { ATTRIBUTES as A, bytes, type Item, stepMap } from '../item.ts'
import type { ItemTable, OwnersAnswer, OwnersWrite } from '../item-table.ts'

export const checkpointOf = (kept: Omit<Checkpoint, 'dynamoDb'>): Checkpoint => ({ ...kept, dynamoDb: send })

/**
 * Adds the steps to another write of the owner, or to an empty one. The refusal shows whether the record has steps. If that
 * is not as expected, sends the write in its other form. A third send is needed only if another write has added the first
 * steps meanwhile.
 */
const send = async (
  table: ItemTable,
  claim: Claim,
  checkpoint: Checkpoint,
  signal: AbortSignal,
  { as, input, isOwn }: OwnersWrite<string> = alone(table, claim, checkpoint),
): Promise<OwnersAnswer<string>> => {
  const { follows = claim.steps !== undefined } = checkpoint
  for (let hasSteps = follows; ; hasSteps = !hasSteps) {
    const written = await table.ownersWrite({ as, input: keepSteps(input, checkpoint, hasSteps), isOwn }, signal)
    const record = 'record' in written ? written.record : undefined
    if (record === undefined || !isOwnClaim(record, claim) || (record.steps !== undefined) === hasSteps) return written
  }
}

const alone = (
  { tableName }: ItemTable,
  claim: Claim,
  { steps }: Checkpoint,
): OwnersWrite<CheckpointAnswer['kind']> => ({
  as: 'kept',
  input: ownersUpdate(tableName, claim, { set: {} }),
  isOwn: (record) => isOwnCheckpoint(record, claim, steps),
})

/**
 * The same update, and it keeps steps too. `hasSteps`: whether the record has a map of steps, because a nested name can be
 * set only in a map that exists. It sets each step by its name and never the whole map: a delayed send of an
 * older map would erase a newer result.
 */
export const keepSteps = (
  update: UpdateItemCommandInput,
  { steps, isNew = false }: Checkpoint,
  hasSteps: boolean,
): UpdateItemCommandInput => {
  const names: Record<string, string> = { ...update.ExpressionAttributeNames }
  const values: Item = { ...update.ExpressionAttributeValues }
  let condition = `${update.ConditionExpression} AND attribute_${hasSteps ? '' : 'not_'}exists(${A.steps})`
  if (isNew) condition += ` AND attribute_exists(${A.leaseExpiresAt})`
  let assignments = ''
  const set = (place: string, id: string, value: AttributeValue): void => {
    assignments += `${place} = :${id}, `
    values[`:${id}`] = value
  }
  if (!hasSteps) set(A.steps, A.steps, stepMap(steps))
  else {
    for (const [name, kept] of steps) {
      const id = `s${Object.keys(names).length}`
      names[`#${id}`] = name
      set(`${A.steps}.#${id}`, id, bytes(kept))
      if (isNew) condition += ` AND attribute_not_exists(${A.steps}.#${id})`
    }
  }
  return {
    ...update,
    UpdateExpression: update.UpdateExpression?.replace('SET ', `SET ${assignments}`),
    ConditionExpression: condition,
    ExpressionAttributeNames: names,
    ExpressionAttributeValues: values,
  }
}
