/**
 * `POST /accounts`: one account for each e-mail address. The address is a partition key, so DynamoDB refuses a second
 * account. The account id comes from the client: without it a retry could not tell its own account from another one.
 */
import { PutCommand } from '@aws-sdk/lib-dynamodb'
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import { db, foundInstead, json, TableName } from './table.ts'

interface Registration {
  readonly id: string
  readonly email: string
}

export const handler = async (event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> => {
  const { id, email } = JSON.parse(event.body ?? '{}') as Registration
  try {
    await db.send(
      new PutCommand({
        TableName,
        Item: { pk: `email#${email.toLowerCase()}`, id },
        ConditionExpression: 'attribute_not_exists(pk)',
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      }),
    )
    return json(201, { id, email })
  } catch (error) {
    return foundInstead(error).id === id ? json(200, { id, email }) : json(409, { error: 'the address is taken' })
  }
}
