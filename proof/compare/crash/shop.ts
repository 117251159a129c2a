import { type DynamoDBClient, QueryCommand, type TransactWriteItem } from '@aws-sdk/client-dynamodb'

/** Where a handler writes and what it calls. Plain data, so that another process can get it as text. */
export interface Shop {
  readonly endpoint: string
  readonly tableName: string
  /** Has the order and the stock of each request, under the request's key. */
  readonly rowsTable: string
  readonly providerUrl: string
}

export interface Charge {
  readonly id: string
}

/** Charges the customer. The provider makes a second charge for each key that it does not remember. */
export const charge = async ({ providerUrl }: Shop, reference: string, idempotencyKey: string): Promise<Charge> => {
  const response = await fetch(`${providerUrl}/charges`, {
    method: 'POST',
    headers: { 'idempotency-key': idempotencyKey },
    body: JSON.stringify({ amount: 1999, currency: 'EUR', source: 'tok_ok', reference }),
  })
  if (response.status !== 201) throw new Error(`The provider answered ${response.status}`)
  return (await response.json()) as Charge
}

/** The charges that the provider has made for a request, also those whose key it has forgotten. */
export const chargesOf = async ({ providerUrl }: Shop, reference: string): Promise<readonly Charge[]> => {
  const response = await fetch(`${providerUrl}/charges?reference=${encodeURIComponent(reference)}`)
  return ((await response.json()) as { readonly charges: readonly Charge[] }).charges
}

const ORDER = 'order-'
const STOCK = 'stock'

/** An order, and the piece that it takes from the stock of this request. */
export const orderRow = (
  { rowsTable: TableName }: Shop,
  key: string,
  id: string,
): NonNullable<TransactWriteItem['Put']> => ({
  TableName,
  Item: { merchantId: { S: key }, id: { S: ORDER + id } },
  ConditionExpression: 'attribute_not_exists(id)',
})

export const takeOne = (
  { rowsTable: TableName }: Shop,
  key: string,
): NonNullable<TransactWriteItem['Update']> & { UpdateExpression: string } => ({
  TableName,
  Key: { merchantId: { S: key }, id: { S: STOCK } },
  UpdateExpression: 'ADD taken :one',
  ExpressionAttributeValues: { ':one': { N: '1' } },
})

export interface Rows {
  readonly orders: readonly string[]
  readonly taken: number
}

export const rowsOf = async (client: DynamoDBClient, { rowsTable }: Shop, key: string): Promise<Rows> => {
  const { Items = [] } = await client.send(
    new QueryCommand({
      TableName: rowsTable,
      ConsistentRead: true,
      KeyConditionExpression: 'merchantId = :key',
      ExpressionAttributeValues: { ':key': { S: key } },
    }),
  )
  const orders = Items.flatMap(({ id }) => (id?.S?.startsWith(ORDER) ? [id.S.slice(ORDER.length)] : []))
  return { orders, taken: Number(Items.find(({ id }) => id?.S === STOCK)?.taken?.N ?? 0) }
}
