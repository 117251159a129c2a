import { checkHistory } from '../../lib/testing/index.ts'
import { answerCounts, load } from '../../proof/history/load.ts'

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
  // Without these nothing was shown. What else there is depends on how busy the machine is.
  expect(counts).toMatchObject({ created: expect.any(Number), replayed: expect.any(Number) })
}, 60_000)
