import { quantile } from '../../bench/report/statistics.ts'
import { readUnits, sizeOf, writeUnits } from '../../bench/run/units.ts'

const ofSize = (bytes: number) => ({ pk: { S: 'x'.repeat(bytes - 2) } })

test.each([
  ['a string and its name', { pk: { S: 'añb' } }, 6],
  ['a binary', { b: { B: new Uint8Array(10) } }, 11],
  ['a number: a byte for two digits, and one', { n: { N: '1234' } }, 4],
  ['true and null', { t: { BOOL: true }, n: { NULL: true } }, 4],
  ['a map: 3, and 1 for each member', { m: { M: { a: { S: 'b' } } } }, 7],
  ['a list: 3, and 1 for each member', { l: { L: [{ S: 'a' }, { S: 'b' }] } }, 8],
])('DynamoDB measures %s', (_, item, size) => {
  expect(sizeOf(item as never)).toBe(size)
})

test.each([
  ['a new item', undefined, ofSize(1_024), 1],
  ['one byte more', undefined, ofSize(1_025), 2],
  ['an update that makes it smaller', ofSize(3_000), ofSize(100), 3],
  ['a refused write, by the size of the stored item', ofSize(2_049), ofSize(2_049), 3],
  ['a refused write without a stored item', undefined, undefined, 1],
])('A write is billed by the kilobyte: %s', (_, before, after, units) => {
  expect(writeUnits(before as never, after as never)).toBe(units)
})

test.each([
  ['4 KB, possibly stale', ofSize(4_096), false, 0.5],
  ['4 KB, consistent', ofSize(4_096), true, 1],
  ['one byte more', ofSize(4_097), true, 2],
  ['an absent item', undefined, false, 0.5],
])('A read is billed by four kilobytes: %s', (_, item, consistent, units) => {
  expect(readUnits(item as never, consistent)).toBe(units)
})

test('A quantile is interpolated between its neighbours.', () => {
  expect([0, 0.5, 0.75, 1].map((share) => quantile([4, 1, 3, 2], share))).toEqual([1, 2.5, 3.25, 4])
})
