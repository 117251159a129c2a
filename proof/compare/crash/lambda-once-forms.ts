import { randomUUID } from 'node:crypto'
import { reconcile, transact } from '../../../lib/effects/index.ts'
import { idempotent } from '../../../lib/http/index.ts'
import { idempotentWrite, onceWrite, type Plan } from '../../../lib/write/index.ts'
import type { TestEvent } from '../../../test/support/http-events.ts'
import { invokeOf, requiredOptions } from '../subject.ts'
import { COMPLETION_LOST, created, type Form, keyOf, type Place, type Task } from './form.ts'
import { charge, chargesOf, orderRow, type Shop, takeOne } from './shop.ts'

const TRANSACTION_LOST: Place = { operation: 'TransactWriteItems', arrives: false }
const TRANSACTION_WRITTEN: Place = { operation: 'TransactWriteItems', arrives: true }

const planOf = (shop: Shop, event: TestEvent): Extract<Plan, { refused: unknown }> => {
  const [key, id] = [keyOf(event), randomUUID()]
  return {
    items: [{ Put: orderRow(shop, key, id) }, { Update: takeOne(shop, key) }],
    answer: created(id),
    refused: () => ({ statusCode: 409, body: 'the order exists' }),
  }
}

export const LAMBDA_ONCE_FORMS: Readonly<Record<Task, readonly Form[]>> = {
  charge: [
    {
      name: 'reconcile',
      places: [COMPLETION_LOST],
      wrap: (shop, client) =>
        invokeOf(
          idempotent(
            async (event: TestEvent, _context, claim) =>
              created((await charge(shop, keyOf(event), claim?.downstreamKey('charge') ?? '')).id),
            {
              ...requiredOptions(shop.tableName, client),
              abandoned: reconcile(async (event) => {
                const [made] = await chargesOf(shop, keyOf(event))
                return made === undefined ? { rerun: true } : { done: created(made.id) }
              }),
            },
          ),
        ),
    },
  ],
  twoWrites: [
    {
      name: 'transact',
      places: [TRANSACTION_LOST, TRANSACTION_WRITTEN],
      wrap: (shop, client) =>
        invokeOf(
          idempotent(
            async (event: TestEvent, _context, claim) => {
              const { items, answer, refused } = planOf(shop, event)
              const done = await transact(claim, items, answer)
              return done.kind === 'committed' ? done.answer : refused(done.reasons)
            },
            requiredOptions(shop.tableName, client),
          ),
        ),
    },
    {
      name: 'idempotentWrite',
      places: [TRANSACTION_LOST, TRANSACTION_WRITTEN],
      wrap: (shop, client) =>
        invokeOf(idempotentWrite((event: TestEvent) => planOf(shop, event), requiredOptions(shop.tableName, client))),
    },
    {
      name: 'onceWrite',
      places: [TRANSACTION_LOST, TRANSACTION_WRITTEN],
      wrap: (shop, client) => {
        const { tenant, ...options } = requiredOptions(shop.tableName, client)
        const writeOnce = onceWrite(options)
        return invokeOf(async (event, context) => {
          const request = { key: keyOf(event), tenant, payload: event.body, context }
          return (await writeOnce(request, () => planOf(shop, event))).value
        })
      },
    },
  ],
}
