import { IdempotencyError, StoreUnavailableError } from '../../lib/core/errors.ts'
import { NotDoneError, TerminalError } from '../../lib/core/outcome/handler-errors.ts'

describe('errors have the members that they were given, and no others', () => {
  test.each<[string, Error, readonly string[]]>([
    ['a refusal', new IdempotencyError('key-reused'), ['code', 'name', 'retryable']],
    [
      'a refusal with its time to wait',
      new IdempotencyError('in-progress', undefined, { retryAfterSeconds: 3 }),
      ['code', 'name', 'retryAfterSeconds', 'retryable'],
    ],
    ['a store that is down', new StoreUnavailableError('no answer'), ['code', 'name', 'retryable']],
    ['a statement that nothing was done', new NotDoneError(), ['name']],
    ['one with a status', new NotDoneError('x', { statusCode: 409, expose: true }), ['expose', 'name', 'statusCode']],
    ['a final failure', new TerminalError('declined'), ['name']],
    ['a final failure with a status', new TerminalError('declined', { statusCode: 402 }), ['name', 'statusCode']],
  ])('%s', (_, error, members) => {
    expect(Object.keys(error).sort()).toEqual(members)
  })
})
