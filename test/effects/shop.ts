import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import type { TransactItem } from '../../lib/effects/index.ts'
import { freshTable, readItem, testClient } from '../support/dynamodb.ts'

/** The handler's own table: orders, and how much of each article is left. */
export interface Shop {
  readonly tableName: string
  /** The row of an order that must not exist yet. */
  order(id: string): TransactItem
  /** Takes one piece, if there is one. */
  take(article: string): TransactItem
  stock(article: string, pieces: number): Promise<void>
  left(article: string): Promise<number>
  has(id: string): Promise<boolean>
}

let ids = 0

/** A new name of an order or an article. */
export const aName = (what = 'order'): string => `${what}-${++ids}`

export const openShop = async (): Promise<Shop> => shopAt(await freshTable())

export const shopAt = (tableName: string): Shop => {
  const client = testClient()
  return {
    tableName,
    order: (id) => ({
      Put: { TableName: tableName, Item: { pk: { S: id } }, ConditionExpression: 'attribute_not_exists(pk)' },
    }),
    take: (article) => ({
      Update: {
        TableName: tableName,
        Key: { pk: { S: article } },
        UpdateExpression: 'SET pieces = pieces - :one',
        ConditionExpression: 'pieces >= :one',
        ExpressionAttributeValues: { ':one': { N: '1' } },
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      },
    }),
    stock: async (article, pieces) => {
      const Item = { pk: { S: article }, pieces: { N: String(pieces) } }
      await client.send(new PutItemCommand({ TableName: tableName, Item }))
    },
    left: async (article) => {
      const Key = { pk: { S: article } }
      const { Item: row } = await client.send(new GetItemCommand({ TableName: tableName, Key, ConsistentRead: true }))
      return Number(row?.pieces?.N)
    },
    has: async (id) => (await readItem(tableName, id)) !== undefined,
  }
}
