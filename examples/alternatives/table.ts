import { ConditionalCheckFailedException, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb'
import { unmarshall } from '@aws-sdk/util-dynamodb'
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda'

/** The table of the shop: partition key `pk`. */
export const TableName = process.env.SHOP_TABLE

export const db = DynamoDBDocumentClient.from(new DynamoDBClient({}))

/** What a write found instead, if it asked for it. The document client leaves the item of an error as it is. */
export const foundInstead = (error: unknown): Readonly<Record<string, unknown>> => {
  if (error instanceof ConditionalCheckFailedException) return unmarshall(error.Item ?? {})
  throw error
}

export const json = (statusCode: number, body: object, headers = {}): APIGatewayProxyStructuredResultV2 => ({
  statusCode,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
})
