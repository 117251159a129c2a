import { checkHistory } from '../../lib/testing/index.ts'
import { answerCounts, load } from '../../proof/history/load.ts'

/** The answers that a client may get under faults. Any other answer is a mistake in the load. */
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

test('clients that share keys see one register per key, despite network faults and killed processes', async () => {
  const history = await load({ seconds: 5, clients: 12, processes: 2 })
  const counts = answerCounts(history)
  expect(checkHistory(history)).toEqual([])
  expect(Object.keys(counts).filter((answer) => !ANSWERS.includes(answer))).toEqual([])
  // Without these answers the test shows nothing. Which others occur depends on how busy the machine is.
  expect(counts).toMatchObject({ created: expect.any(Number), replayed: expect.any(Number) })
}, 60_000)
