import type { UpdateItemCommandInput } from '@aws-sdk/client-dynamodb'
import type { Claim } from '../../core/record/claim.ts'
import { isOwnGeneration } from '../../core/record/own-write.ts'
import type { NextGeneration, NextGenerationAnswer } from '../../core/record/store.ts'
import type { EpochMillis } from '../../core/time.ts'
import { ownersUpdate } from '../expressions.ts'
import { ATTRIBUTES as A, number } from '../item.ts'
import type { FormOf } from '../item-table.ts'

export const nextGenerationAt = (generationAt: EpochMillis): NextGeneration => ({ generationAt, dynamoDb: send })

const send: FormOf<NextGeneration, NextGenerationAnswer> = (table, claim, { generationAt }, signal) =>
  table.ownersWrite(
    {
      as: 'begun',
      input: nextGenerationInput(table.tableName, claim, generationAt),
      isOwn: (record) => isOwnGeneration(record, claim),
    },
    signal,
  )

/** If the record no longer has the generation that was seen, this write or another has moved it already. */
const nextGenerationInput = (tableName: string, claim: Claim, generationAt: EpochMillis): UpdateItemCommandInput => {
  const update = ownersUpdate(tableName, claim, {
    set: { [A.generation]: number(claim.attempt), [A.generationAt]: number(generationAt) },
    remove: `${A.reconciles}, ${A.steps}`,
    condition: `${A.generation} = :seenGeneration AND attribute_exists(${A.leaseExpiresAt})`,
  })
  const values = { ...update.ExpressionAttributeValues, ':seenGeneration': number(claim.generation) }
  return { ...update, ExpressionAttributeValues: values }
}
