import { randomUUID } from 'node:crypto'
import { testProvider } from '../../functions/payments/test-provider.ts'

const order = (source: string) => ({ amount: 1, currency: 'EUR', source, reference: 'acme' })

test('Without a provider a charge has the same id in each run of a payment.', async () => {
  const key = randomUUID()
  const charged = { kind: 'charged', charge: { id: `ch_${key}`, status: 'succeeded', createdAt: expect.any(String) } }
  for (const source of ['tok_ok', 'tok_crash']) {
    expect(await testProvider.charge(key, order(source))).toEqual(charged)
    expect(await testProvider.charge(key, order(source))).toEqual(charged)
  }
})

test.each([
  ['tok_declined', 402],
  ['tok_unavailable', 503],
  ['tok_none', 400],
])('Without a provider, %s is refused with status %d.', async (source, statusCode) => {
  const refused = { kind: 'refused', statusCode, field: 'source', value: source, rule: expect.any(String) }
  expect(await testProvider.charge(randomUUID(), order(source))).toEqual(refused)
})

test('Without a provider, tok_error throws, and no charge is ever found.', async () => {
  await expect(testProvider.charge('k', order('tok_error'))).rejects.toThrow('tok_error')
  expect(await testProvider.find('k')).toBeUndefined()
})
