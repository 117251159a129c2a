import { randomUUID } from 'node:crypto'
import {
  type DynamoDBClient,
  PutItemCommand,
  TransactionCanceledException,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import { type Business, powertools } from '../subject.ts'
import { COMPLETION_LOST, created, type Form, keyOf, type Task } from './form.ts'
import { charge, chargesOf, orderRow, rowsOf, type Shop, takeOne } from './shop.ts'

/** A form of Powertools is a business function. The layer around it is the same for all. */
const underPowertools = (
  name: string,
  business: (shop: Shop, client: DynamoDBClient) => Business,
  over: Pick<Form, 'isRemembered'> = {},
): Form => ({
  name,
  places: [COMPLETION_LOST],
  wrap: (shop, client) => powertools.wrap(business(shop, client), shop.tableName, client),
  ...over,
})

export const POWERTOOLS_FORMS: Readonly<Record<Task, readonly Form[]>> = {
  charge: [
    underPowertools(
      'it runs again, as documented',
      (shop) => async (event) => created((await charge(shop, keyOf(event), randomUUID())).id),
    ),
    underPowertools(
      'it sends the client’s key, which the provider still remembers',
      (shop) => async (event) => created((await charge(shop, keyOf(event), keyOf(event))).id),
      { isRemembered: true },
    ),
    underPowertools('it asks the provider before each charge', (shop) => async (event) => {
      const [made] = await chargesOf(shop, keyOf(event))
      return created((made ?? (await charge(shop, keyOf(event), randomUUID()))).id)
    }),
  ],
  twoWrites: [
    // Its first UpdateItem takes the stock, so it is killed between its writes.
    underPowertools('two writes', (shop, client) => async (event) => {
      const [key, id] = [keyOf(event), randomUUID()]
      await client.send(new PutItemCommand(orderRow(shop, key, id)))
      await client.send(new UpdateItemCommand(takeOne(shop, key)))
      return created(id)
    }),
    underPowertools('one transaction', (shop, client) => async (event) => {
      const [key, id] = [keyOf(event), randomUUID()]
      await client.send(transactionOf(shop, key, id))
      return created(id)
    }),
    underPowertools('one transaction, the client’s key is the order’s id, and a refusal is read', (shop, client) => {
      const exists = async (key: string) => (await rowsOf(client, shop, key)).orders.includes(key)
      return async (event) => {
        const key = keyOf(event)
        await client.send(transactionOf(shop, key, key)).catch(async (error: unknown) => {
          if (!(error instanceof TransactionCanceledException && (await exists(key)))) throw error
        })
        return created(key)
      }
    }),
  ],
}

const transactionOf = (shop: Shop, key: string, id: string): TransactWriteItemsCommand =>
  new TransactWriteItemsCommand({ TransactItems: [{ Put: orderRow(shop, key, id) }, { Update: takeOne(shop, key) }] })
