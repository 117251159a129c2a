import { rowsUnder } from '../support/doc-tables.ts'
import { senders } from './sender.ts'

const rows = rowsUnder('docs/webhooks.md', 'The senders', 'sender')

const firstNumber = (cell = ''): number | undefined => {
  const digits = /^([\d,]+) s\b/.exec(cell)?.[1]
  return digits === undefined ? undefined : Number(digits.replaceAll(',', ''))
}

test('docs/webhooks.md has a row for each sender.', () => {
  expect(rows).toHaveLength(senders.length)
})

test.each(senders)('docs/webhooks.md says of %s what the code goes by.', (_, { provider }) => {
  const header = 'signature' in provider ? provider.signature.header : ''
  const row = rows.find(({ signature }) => signature === `\`${header}\``) ?? {}
  const { eventId } = provider
  const place =
    'header' in eventId ? `header \`${eventId.header}\`` : 'member' in eventId ? `member \`${eventId.member}\`` : ''
  expect(row['event id']).toBe(place)
  expect(firstNumber(row.tolerance)).toBe(provider.toleranceSeconds)
  expect(firstNumber(row['delivers again for'])).toBe(provider.redeliversForSeconds)
  expect(firstNumber(row['kept for'])).toBe(provider.redeliversForSeconds + 86_400)
  expect(firstNumber(row['waits for an answer'])).toBe(provider.answersWithinSeconds)
})
