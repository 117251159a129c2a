import { checkHistory } from '../../lib/testing.ts'
import { answerCounts, load } from './load.ts'

/** What a client may be told under faults; anything else is a mistake of the load. */
const ANSWERS = [
  'created',
  'replayed',
  'unstored',
  'threw',
  'none',
  'in-progress',
  'key-reused',
  'idempotency-unavailable',
]

test('clients that share keys, over a network that fails and with processes that are killed, see one register per key', async () => {
  const history = await load({ seconds: 5, clients: 12, processes: 2 })
  const counts = answerCounts(history)
  expect(checkHistory(history)).toEqual([])
  expect(Object.keys(counts).filter((answer) => !ANSWERS.includes(answer))).toEqual([])
  // Without these nothing was shown.
  expect(counts).toMatchObject({ created: expect.any(Number), replayed: expect.any(Number), threw: expect.any(Number) })
  expect(history.runs.some(({ attempt = 0 }) => attempt > 1)).toBe(true)
  expect(history.runs.some(({ lapsedAt = 0, endedAt = 0 }) => endedAt > lapsedAt)).toBe(true)
}, 60_000)
