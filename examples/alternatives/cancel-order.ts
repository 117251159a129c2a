/**
 * `POST /orders/{id}/cancellation`: the effect is a state, not an event. To set it twice is to set it once, so no key is
 * needed. This holds only while nothing else happens with it: an e-mail would be sent again.
 */
import { UpdateCommand } from '@aws-sdk/lib-dynamodb'
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import { db, foundInstead, json, TableName } from './table.ts'

export const handler = async (event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> => {
  const id = event.pathParameters?.id
  try {
    await db.send(
      new UpdateCommand({
        TableName,
        Key: { pk: `order#${id}` },
        UpdateExpression: 'SET cancelled = :yes',
        ConditionExpression: 'attribute_exists(pk)',
        ExpressionAttributeValues: { ':yes': true },
      }),
    )
    return json(200, { id, cancelled: true })
  } catch (error) {
    foundInstead(error)
    return json(404, { error: `there is no order ${id}` })
  }
}
