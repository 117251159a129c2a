import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb'

const fromEnvironment = (name: string): string => {
  const value = process.env[name]
  if (value === undefined || value === '') throw new Error(`Set the environment variable ${name} to a table's name`)
  return value
}

/** The table of orders and stock reservations: partition key `merchantId`, sort key `id`. */
export const tableName: string = fromEnvironment('ORDERS_TABLE')

export const documents: DynamoDBDocumentClient = DynamoDBDocumentClient.from(new DynamoDBClient({}))
