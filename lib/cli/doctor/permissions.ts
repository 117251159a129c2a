import {
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import type { RecordKey } from '../../core/identity/record-key.ts'
import { isConditionFailure } from '../../dynamodb/faults.ts'
import { ATTRIBUTES, keyOf, PARTITION_KEY, text } from '../../dynamodb/item.ts'
import type { TableKeys } from '../../dynamodb/keys/index.ts'
import { type Fact, fact } from './fact.ts'

/** Whether DynamoDB lets these credentials do it. */
export interface PermissionFacts {
  /** What a person needs; absent if the credentials are a function's. */
  readonly person?: Readonly<Record<'read' | 'list' | 'act', Fact<boolean>>>
  /** What a function needs for one operation. */
  readonly claim?: Readonly<Record<'read' | 'put' | 'update', Fact<boolean>>>
}

/** No record has this digest. It has the form of a key, since grants name keys. */
const NO_RECORD = 'doctor'

/** No item fulfils it, so the write changes nothing. DynamoDB looks at the permission first. */
const NEVER = {
  ConditionExpression: 'attribute_exists(#pk) AND attribute_not_exists(#pk)',
  ExpressionAttributeNames: { '#pk': PARTITION_KEY },
}

/** Tries each call in a form that changes nothing. */
export const readPermissions = async (
  client: DynamoDBClient,
  TableName: string,
  operation: string | undefined,
  keys: TableKeys,
): Promise<PermissionFacts> => {
  const { renamed } = keys
  const key = keyOf(`${operation ?? NO_RECORD}#${NO_RECORD}` as RecordKey)
  const get = () => client.send(new GetItemCommand(renamed({ TableName, Key: key })))
  const scan = () => {
    const names = { '#pk': PARTITION_KEY }
    const input = { TableName, Limit: 1, ProjectionExpression: '#pk', ExpressionAttributeNames: names }
    return client.send(new ScanCommand(renamed(input)))
  }
  const put = () => client.send(new PutItemCommand(renamed({ TableName, Item: key, ...NEVER })))
  const update = () =>
    client.send(
      new UpdateItemCommand(
        renamed({
          TableName,
          Key: key,
          ConditionExpression: NEVER.ConditionExpression,
          UpdateExpression: 'SET #status = :status',
          ExpressionAttributeNames: { ...NEVER.ExpressionAttributeNames, '#status': ATTRIBUTES.status },
          ExpressionAttributeValues: { ':status': text('RELEASED') },
        }),
      ),
    )
  return operation === undefined
    ? { person: { read: await allowed(get), list: await allowed(scan), act: await allowed(update) } }
    : { claim: { read: await allowed(get), put: await allowed(put), update: await allowed(update) } }
}

const allowed = (attempt: () => Promise<unknown>): Promise<Fact<boolean>> =>
  fact(async () => {
    try {
      await attempt()
      return true
    } catch (error) {
      if (isConditionFailure(error)) return true
      if ((error as Error).name === 'AccessDeniedException') return false
      throw error
    }
  })
