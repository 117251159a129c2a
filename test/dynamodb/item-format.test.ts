import { Buffer } from 'node:buffer'
import { deriveFingerprint } from '../../lib/core/identity/fingerprint.ts'
import { deriveRecordKey } from '../../lib/core/identity/record-key.ts'
import { MAX_ITEM_BYTES } from '../../lib/core/limits.ts'
import { encodeOutcome } from '../../lib/core/outcome/outcome.ts'
import { STARTED } from '../../lib/core/outcome/step-result.ts'
import { firstClaim, takeOverClaim } from '../../lib/core/record/claim.ts'
import type { ClaimToken } from '../../lib/core/record/record.ts'
import type { Settlement } from '../../lib/core/record/store.ts'
import { epochMillis } from '../../lib/core/time.ts'
import { checkpointOf } from '../../lib/dynamodb/effects/checkpoint.ts'
import { dynamoDbStore } from '../../lib/dynamodb/index.ts'
import { fromItem, type Item } from '../../lib/dynamodb/item.ts'
import { itemSize } from '../../lib/dynamodb/item-size.ts'
import { aClaim, completed, unhurried } from '../support/claims.ts'
import { freshTable, readItem, testClient } from '../support/dynamodb.ts'

/**
 * The item format is a public contract: other versions of this package and other tools read it. If one of these tests
 * fails, a deployed version will misread the table.
 */
const recordKey = deriveRecordKey({
  operation: 'payments',
  tenant: 'merchant-1',
  method: 'POST',
  route: '/payments',
  key: 'K1',
})
const PK = { S: 'payments#CUWkTcRXlKcJb3hqwbF9hI6p0_f2o1TR40psBgCZf-Q' }

const identity = {
  recordKey,
  fingerprint: deriveFingerprint([{ kind: 'canonical', text: '{"amount":100}' }]),
  leaseExpiresAt: epochMillis(1_800_000_030_999),
}
const ROOM = { besideBytes: 300, unitBytes: 1024, maxBytes: MAX_ITEM_BYTES }
const at = epochMillis(1_800_000_000_123)
const settledAt = epochMillis(1_800_000_001_456)
const expiresAt = epochMillis(1_800_086_401_456)
const claim = firstClaim(
  { ...identity, expiresAt: epochMillis(1_800_086_430_999) },
  'AAAAAAAAAAAAAAAAAAAAAA' as ClaimToken,
  at,
)
const held = firstClaim({ ...identity, expiresAt: undefined }, 'AAAAAAAAAAAAAAAAAAAAAA' as ClaimToken, at)

const FIRST = {
  pk: PK,
  claimToken: { S: 'AAAAAAAAAAAAAAAAAAAAAA' },
  attempt: { N: '1' },
  generation: { N: '1' },
  fingerprint: { S: '1:ZtHoN-jPkoVGaco3_lFjV4Av4qy_bpl0_arRmVI_ZVI' },
  createdAt: { N: '1800000000123' },
}

const VECTORS: readonly { state: string; claim: typeof claim; settlement?: Settlement; item: Item }[] = [
  {
    state: 'in progress',
    claim,
    item: {
      ...FIRST,
      status: { S: 'IN_PROGRESS' },
      revision: { N: '1' },
      leaseExpiresAt: { N: '1800000030999' },
      expiresAt: { N: '1800086431' },
    },
  },
  {
    state: 'in progress, and held: TTL never deletes it',
    claim: held,
    item: { ...FIRST, status: { S: 'IN_PROGRESS' }, revision: { N: '1' }, leaseExpiresAt: { N: '1800000030999' } },
  },
  {
    state: 'abandoned',
    claim,
    settlement: { kind: 'abandoned', lastError: 'TypeError' },
    item: {
      ...FIRST,
      status: { S: 'IN_PROGRESS' },
      revision: { N: '2' },
      lastError: { S: 'TypeError' },
      expiresAt: { N: '1800086431' },
    },
  },
  {
    state: 'abandoned, and held',
    claim: held,
    settlement: { kind: 'abandoned' },
    item: { ...FIRST, status: { S: 'IN_PROGRESS' }, revision: { N: '2' } },
  },
  {
    state: 'released',
    claim,
    settlement: { kind: 'released', lastError: 'NotDoneError', settledAt, expiresAt },
    item: {
      ...FIRST,
      status: { S: 'RELEASED' },
      revision: { N: '2' },
      lastError: { S: 'NotDoneError' },
      settledAt: { N: '1800000001456' },
      expiresAt: { N: '1800086402' },
    },
  },
  {
    state: 'succeeded',
    claim,
    settlement: {
      kind: 'completed',
      status: 'SUCCEEDED',
      outcome: encodeOutcome({ kind: 'json', text: '{"id":"p1"}' }, ROOM),
      settledAt,
      expiresAt,
    },
    item: {
      ...FIRST,
      status: { S: 'SUCCEEDED' },
      revision: { N: '2' },
      outcome: { B: Buffer.from('01017b226964223a227031227d', 'hex') },
      settledAt: { N: '1800000001456' },
      expiresAt: { N: '1800086402' },
    },
  },
  {
    state: 'failed',
    claim,
    settlement: {
      kind: 'completed',
      status: 'FAILED',
      outcome: encodeOutcome({ kind: 'error', error: { message: 'declined', statusCode: 402 } }, ROOM),
      settledAt,
      expiresAt,
    },
    item: {
      ...FIRST,
      status: { S: 'FAILED' },
      revision: { N: '2' },
      outcome: {
        B: Buffer.from('01037b226d657373616765223a226465636c696e6564222c22737461747573436f6465223a3430327d', 'hex'),
      },
      settledAt: { N: '1800000001456' },
      expiresAt: { N: '1800086402' },
    },
  },
]

const plain = (item: Item | undefined): unknown =>
  Object.fromEntries(Object.entries(item ?? {}).map(([name, value]) => [name, plainValue(value)]))

const plainValue = (value: Item[string]): unknown => {
  if (value.M !== undefined) return { M: plain(value.M) }
  return value.B === undefined ? value : { B: Buffer.from(value.B).toString('hex') }
}

describe('The item of a record that is', () => {
  test.each(VECTORS)('$state', async ({ claim: wanted, settlement, item }) => {
    const tableName = await freshTable()
    const store = dynamoDbStore({ tableName, client: testClient() })
    await store.claim(wanted, unhurried)
    if (settlement !== undefined) await store.settle(wanted, settlement, unhurried)
    expect(plain(await readItem(tableName, wanted.recordKey))).toEqual(plain(item))
  })
})

test('A take-over writes the next attempt of the same generation, and keeps nothing of the abandoned run.', async () => {
  const tableName = await freshTable()
  const store = dynamoDbStore({ tableName, client: testClient() })
  await store.claim(claim, unhurried)
  await store.settle(claim, { kind: 'abandoned', lastError: 'TypeError' }, unhurried)
  const seen = fromItem((await readItem(tableName, recordKey)) as Item)
  const terms = { ...identity, leaseExpiresAt: epochMillis(1_800_000_060_000), expiresAt: undefined }
  await store.takeOver(
    seen,
    takeOverClaim(seen, 'abandoned', terms, 'BBBBBBBBBBBBBBBBBBBBBB' as ClaimToken, settledAt),
    unhurried,
  )
  expect(await readItem(tableName, recordKey)).toEqual({
    ...FIRST,
    claimToken: { S: 'BBBBBBBBBBBBBBBBBBBBBB' },
    status: { S: 'IN_PROGRESS' },
    revision: { N: '3' },
    attempt: { N: '2' },
    leaseExpiresAt: { N: '1800000060000' },
  })
})

/** The results of two steps, and the mark of a third that has started. */
const STEPS = new Map([
  ['charge', encodeOutcome({ kind: 'json', text: '{"id":"ch_1"}' }, ROOM)],
  ['notify', encodeOutcome({ kind: 'none' }, ROOM)],
  ['text', STARTED],
])
const STEP_MAP = {
  M: {
    charge: { B: Buffer.from('01017b226964223a2263685f31227d', 'hex') },
    notify: { B: Buffer.from('0100', 'hex') },
    text: { B: Buffer.from('0107', 'hex') },
  },
}

test('The item of a record with steps has them in a map of binaries, and a take-over carries it.', async () => {
  const tableName = await freshTable()
  const store = dynamoDbStore({ tableName, client: testClient() })
  await store.claim(claim, unhurried)
  await store.checkpoint(claim, checkpointOf({ steps: STEPS }), unhurried)
  expect(plain(await readItem(tableName, recordKey))).toEqual(
    plain({
      ...FIRST,
      status: { S: 'IN_PROGRESS' },
      revision: { N: '2' },
      leaseExpiresAt: { N: '1800000030999' },
      expiresAt: { N: '1800086431' },
      steps: STEP_MAP,
    }),
  )
  await store.settle(claim, { kind: 'abandoned' }, unhurried)
  const seen = fromItem((await readItem(tableName, recordKey)) as Item)
  const terms = { ...identity, expiresAt: undefined }
  const contender = takeOverClaim(seen, 'abandoned', terms, 'BBBBBBBBBBBBBBBBBBBBBB' as ClaimToken, settledAt)
  await store.takeOver(seen, contender, unhurried)
  expect(plain(await readItem(tableName, recordKey))).toEqual(
    plain({
      ...FIRST,
      claimToken: { S: 'BBBBBBBBBBBBBBBBBBBBBB' },
      status: { S: 'IN_PROGRESS' },
      revision: { N: '4' },
      attempt: { N: '2' },
      leaseExpiresAt: { N: '1800000030999' },
      steps: STEP_MAP,
    }),
  )
})

describe('The computed size of an item', () => {
  // "DynamoDB item sizes and formats" in the Developer Guide: UTF-8 bytes of names and strings, bytes of binaries,
  // (significant digits / 2) + 1 bytes of a number.
  test.each<[string, Item, number]>([
    ['one letter', { pk: { S: 'a' } }, 3],
    ['text beyond ASCII', { pk: { S: 'ä€' } }, 2 + 2 + 3],
    ['bytes', { outcome: { B: new Uint8Array(100) } }, 7 + 100],
    ['an even number of digits', { attempt: { N: '12' } }, 7 + 1 + 1],
    ['an odd number of digits', { attempt: { N: '123' } }, 7 + 2 + 1],
    ['a negative number', { attempt: { N: '-12' } }, 7 + 1 + 1 + 1],
    // 3 bytes of a map, and 1 of each of its entries.
    ['an empty map', { steps: { M: {} } }, 5 + 3],
    [
      'a map of binaries',
      { steps: { M: { a: { B: new Uint8Array(10) }, bc: { B: new Uint8Array(2) } } } },
      5 + 3 + (1 + 1 + 10) + (1 + 2 + 2),
    ],
    ['a map in a map', { steps: { M: { a: { M: { b: { S: 'cd' } } } } } }, 5 + 3 + (1 + 1 + 3) + (1 + 1 + 2)],
  ])('%s', (_, item, size) => {
    expect(itemSize(item)).toBe(size)
  })

  test('is never too small at DynamoDB’s limit: the largest outcome that has room is stored', async () => {
    const tableName = await freshTable()
    const store = dynamoDbStore({ tableName, client: testClient() })
    const largest = aClaim()
    const { besideBytes, maxBytes } = store.outcomeRoom(largest)
    await store.claim(largest, unhurried)
    const settled = await store.settle(largest, completed(new Uint8Array(maxBytes - besideBytes)), unhurried)
    expect(settled).toEqual({ kind: 'settled' })
    const item = (await readItem(tableName, largest.recordKey)) as Item
    expect(itemSize(item)).toBeLessThanOrEqual(MAX_ITEM_BYTES)
    expect(itemSize(item)).toBeGreaterThan(MAX_ITEM_BYTES - 64) // and little room is wasted
  })
})
