/** The same transactions without the SDK's client. */
import { transact } from '../../lib/effects/index.ts'
import { once } from '../../lib/index.ts'
import { freshTable } from '../support/dynamodb.ts'
import { aRequest } from '../support/scene.ts'
import { testStore, useLeanStores } from '../support/test-store.ts'

useLeanStores()
await import('./transact.test.ts')
await import('./transact-heartbeat.test.ts')
await import('./transact-items.test.ts')
await import('./transact-refused.test.ts')
await import('./transact-resend.test.ts')
await import('./transact-unknown.test.ts')

/** The SDK cannot read such an item. */
test('a stored item whose map has a member `__proto__` comes back with the refusal', async () => {
  const TableName = await freshTable()
  const write = once({ store: testStore({ tableName: await freshTable() }), operation: 'orders' })
  const Item = JSON.parse('{"pk":{"S":"x"},"odd":{"M":{"__proto__":{"S":"a"}}}}')
  const Put = {
    TableName,
    Item,
    ConditionExpression: 'attribute_not_exists(pk)',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  }
  await write(aRequest(), (claim) => transact(claim, [{ Put }], 1))
  const { value } = await write(aRequest(), async (claim) => {
    const done = await transact(claim, [{ Put }], 1)
    const item = done.kind === 'refused' ? done.reasons[0]?.item : undefined
    return Object.entries((item as typeof Item).odd.M)
  })
  expect(value).toEqual([['__proto__', { S: 'a' }]])
})
