/**
 * `PUT /orders/{id}`: the client makes the id, so the id is the key. A retry finds the order that it made. Nothing expires:
 * the order itself is the record.
 */
import { PutCommand } from '@aws-sdk/lib-dynamodb'
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import { db, foundInstead, json, TableName } from './table.ts'

interface Order {
  readonly sku: string
  readonly quantity: number
}

export const handler = async (event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> => {
  const id = event.pathParameters?.id
  const { sku, quantity } = JSON.parse(event.body ?? '{}') as Order
  const order = { id, sku, quantity }
  try {
    await db.send(
      new PutCommand({
        TableName,
        Item: { pk: `order#${id}`, ...order },
        ConditionExpression: 'attribute_not_exists(pk)',
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      }),
    )
    return json(201, order)
  } catch (error) {
    const stored = foundInstead(error)
    const isSame = stored.sku === sku && stored.quantity === quantity
    return isSame ? json(200, order) : json(409, { error: `another order has the id ${id}` })
  }
}
