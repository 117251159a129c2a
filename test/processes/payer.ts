/** A process that makes a payment for each key that its parent sends, and replies with the result. */

import { dynamoDbStore } from '../../lib/dynamodb/index.ts'
import { idempotent } from '../../lib/http/index.ts'
import { contextWith, payment, type TestEvent } from '../support/http-events.ts'

let runs = 0

const pay = idempotent(
  async (_event: TestEvent) => {
    runs++
    await new Promise((resolve) => setTimeout(resolve, 5)) // long enough that other processes meet it in progress
    return { statusCode: 201, body: `${process.pid}` }
  },
  {
    store: dynamoDbStore({ tableName: process.env.IDEMPOTENCY_TABLE }),
    operation: 'payments',
    tenant: 'single-tenant',
  },
)

process.on('message', async (key: string) => {
  const before = runs
  const { statusCode, headers, body } = (await pay(payment(key), contextWith())) as {
    statusCode: number
    headers: Record<string, string>
    body: string
  }
  process.send?.({ ran: runs - before, statusCode, status: headers['Idempotency-Status'], body })
})
process.on('disconnect', () => process.exit(0))
process.send?.('ready')
