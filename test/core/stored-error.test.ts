import { TerminalError } from '../../lib/core/outcome/handler-errors.ts'
import { decodeOutcome, encodeOutcome, type StoredOutcome } from '../../lib/core/outcome/outcome.ts'
import { endingOfError } from '../../lib/core/outcome/outcome-policy.ts'

const ROOM = { besideBytes: 512, unitBytes: 1024, maxBytes: 400 * 1024 }

const kept = (error: unknown): StoredOutcome => {
  const ending = endingOfError(error)
  if (ending.kind !== 'complete') throw new Error(`ends as ${ending.kind}`)
  return decodeOutcome(encodeOutcome(ending.outcome, ROOM))
}

describe('a replayed final failure equals the one that was thrown', () => {
  test.each([Number.NaN, Number.POSITIVE_INFINITY])('a status of %p is not stored', (statusCode) => {
    expect(kept(new TerminalError('declined', { statusCode }))).toEqual({
      kind: 'error',
      error: { message: 'declined' },
    })
  })

  test.each<[string, unknown, unknown]>([
    ['bytes', Buffer.from('ab'), { type: 'Buffer', data: [97, 98] }],
    ['a Date', new Date(0), '1970-01-01T00:00:00.000Z'],
    ['null', null, null],
    ['a bigint, which JSON cannot represent', 1n, undefined],
  ])('details: %s', (_, details, back) => {
    expect(kept(new TerminalError('declined', { details }))).toMatchObject({ kind: 'error', error: { details: back } })
  })

  test('C4: an error whose message cannot be read is still settled', () => {
    class Unreadable extends TerminalError {
      override get message(): string {
        throw new RangeError('not here')
      }
    }
    const error = Object.create(Unreadable.prototype) as Unreadable
    expect(kept(error)).toEqual({ kind: 'unavailable', reason: 'not-json' })
  })
})
