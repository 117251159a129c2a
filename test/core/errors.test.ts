import { IdempotencyError, StoreUnavailableError } from '../../lib/core/errors.ts'
import { NotDoneError, TerminalError } from '../../lib/core/outcome/handler-errors.ts'

describe('an error has the members that it was given, and no others', () => {
  test.each<[string, Error, readonly string[]]>([
    ['a refusal', new IdempotencyError('key-reused'), ['code', 'name', 'retryable']],
    [
      'a refusal with a retry time',
      new IdempotencyError('in-progress', undefined, { retryAfterSeconds: 3 }),
      ['code', 'name', 'retryAfterSeconds', 'retryable'],
    ],
    ['a store that is down', new StoreUnavailableError('no answer'), ['code', 'name', 'retryable']],
    ['a statement that nothing was done', new NotDoneError(), ['name']],
    [
      'a statement that nothing was done, with a status',
      new NotDoneError('x', { statusCode: 409, expose: true }),
      ['expose', 'name', 'statusCode'],
    ],
    ['a final failure', new TerminalError('declined'), ['name']],
    ['a final failure with a status', new TerminalError('declined', { statusCode: 402 }), ['name', 'statusCode']],
  ])('%s', (_, error, members) => {
    expect(Object.keys(error).sort()).toEqual(members)
  })
})
