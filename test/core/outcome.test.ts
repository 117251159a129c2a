import { randomBytes } from 'node:crypto'
import { deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { NotDoneError, TerminalError } from '../../lib/core/outcome/handler-errors.ts'
import {
  decodeOutcome,
  encodeOutcome,
  type Outcome,
  type OutcomeRoom,
  outcomeOf,
  type StoredOutcome,
  valueOfOutcome,
} from '../../lib/core/outcome/outcome.ts'
import {
  decide,
  endingOfError,
  endingOfHttpError,
  replayedError,
  storeDeterministic,
  storeEverything,
  storeSuccess,
} from '../../lib/core/outcome/outcome-policy.ts'
import { errorsLogged } from '../support/http-harness.ts'

const ROOM: OutcomeRoom = { besideBytes: 300, unitBytes: 1024, maxBytes: 400 * 1024 }

const roundTrip = (value: unknown): unknown => {
  const outcome = decodeOutcome(encodeOutcome(outcomeOf(value), ROOM))
  if (outcome.kind === 'error' || outcome.kind === 'unavailable') throw new Error(`not replayable: ${outcome.kind}`)
  return valueOfOutcome(outcome)
}

const kindOf = (value: unknown): StoredOutcome => decodeOutcome(encodeOutcome(outcomeOf(value), ROOM))

describe('outcomes', () => {
  test.each([[undefined], [null], [0], [''], [false], [[]], [{}], [2 ** 60]])(
    'C1: %p is read as it was stored',
    (value) => {
      expect(roundTrip(value)).toStrictEqual(value)
    },
  )

  test('C2: a value is read as JSON keeps it', () => {
    fc.assert(
      fc.property(fc.anything({ withDate: true, withNullPrototype: true }), (value) => {
        const text = JSON.stringify(value)
        if (text === undefined || value instanceof Uint8Array) return
        expect(JSON.stringify(roundTrip(value))).toBe(text)
      }),
    )
  })

  test('C2: bytes are read as bytes', () => {
    const bytes = randomBytes(100)
    expect(Buffer.from(roundTrip(bytes) as Uint8Array).equals(bytes)).toBe(true)
  })

  const loop: { self?: unknown } = {}
  loop.self = loop
  const deep = Array.from({ length: 20_000 }).reduce<unknown>((inner) => [inner], 1)
  const hostile = {
    toJSON: () => {
      throw new Error('no')
    },
  }

  test.each<[string, unknown, string]>([
    ['a cycle', loop, 'not-json'],
    ['a bigint', { amount: 1n }, 'not-json'],
    ['a function', () => 1, 'not-json'],
    ['nesting beyond the stack', deep, 'not-json'],
    ['a toJSON that throws', hostile, 'not-json'],
    ['a web stream', new ReadableStream(), 'streamed'],
    ['an async iterator', (async function* () {})(), 'streamed'],
    ['five megabytes of noise', randomBytes(5_000_000).toString('base64'), 'too-large'],
  ])('C2, C13, C14: %s is marked as not replayable, without an error', (_, value, reason) => {
    expect(kindOf(value)).toEqual({ kind: 'unavailable', reason })
  })

  test.each([0, 1, 10, 11])('C14: an outcome for which %i bytes are left is marked as too large, or fits', (left) => {
    const room = { besideBytes: 1_000 - left, unitBytes: 1_024, maxBytes: 1_000 }
    for (const value of [undefined, 'a text', 5n]) {
      const encoded = encodeOutcome(outcomeOf(value), room)
      if (encoded.length > left) expect(decodeOutcome(encoded)).toMatchObject({ kind: 'unavailable' })
    }
  })

  test('C14: answers of 1 KB to 390 KB are read byte for byte', () => {
    for (const kilobytes of [1, 10, 100, 300, 390]) {
      const text = randomBytes(kilobytes * 512).toString('hex')
      expect(roundTrip(text)).toBe(text)
    }
  })

  test.each<[string, Uint8Array]>([
    ['no bytes', new Uint8Array()],
    ['another version', Buffer.from([2, 1, 0x31])],
    ['an unknown kind', Buffer.from([1, 9, 0x31])],
    ['a reserved kind', Buffer.from([1, 5, 0x31])],
    ['broken JSON', Buffer.from([1, 1, 0x7b])],
    ['broken compression', Buffer.from([1, 0x81, 0xff, 0xff])],
    ['an error without a message', Buffer.concat([Buffer.from([1, 3]), Buffer.from('{"a":1}')])],
    [
      'an error whose status is text',
      Buffer.concat([Buffer.of(1, 3), Buffer.from('{"message":"m","statusCode":"409"}')]),
    ],
    ['an error whose expose is a number', Buffer.concat([Buffer.of(1, 3), Buffer.from('{"message":"m","expose":1}')])],
    ['an error that is a string', Buffer.concat([Buffer.of(1, 3), Buffer.from('"no"')])],
    ['an unknown reason', Buffer.concat([Buffer.of(1, 4), Buffer.from('bored')])],
    ['an error that is null', Buffer.concat([Buffer.from([1, 3]), Buffer.from('null')])],
    [
      'a compression bomb',
      Buffer.concat([Buffer.from([1, 0x81]), deflateRawSync(Buffer.alloc(64 * 1024 * 1024, 0x20))]),
    ],
  ])('C14, G2: %s cannot be replayed, and does no harm', (_, encoded) => {
    expect(decodeOutcome(encoded)).toEqual({ kind: 'unavailable', reason: 'unreadable' })
  })

  test('G2: __proto__ and constructor in a stored outcome change nothing', () => {
    const encoded = Buffer.concat([Buffer.from([1, 1]), Buffer.from('{"__proto__":{"polluted":1},"constructor":2}')])
    const outcome = decodeOutcome(encoded)
    if (outcome.kind !== 'json') throw new Error('expected json')
    valueOfOutcome(outcome)
    expect(({} as { polluted?: number }).polluted).toBeUndefined()
  })

  test('text is deflated only if the whole item then costs a write unit less', () => {
    const list = JSON.stringify(Array.from({ length: 40 }, (_, id) => ({ id, name: `item ${id}`, price: id * 7 })))
    const short = encodeOutcome({ kind: 'json', text: '{"id":"p_1","status":"succeeded"}' }, ROOM)
    const long = encodeOutcome({ kind: 'json', text: list }, ROOM)
    const noise = encodeOutcome({ kind: 'bytes', bytes: randomBytes(1_500) }, ROOM)
    expect(list.length).toBeGreaterThan(1024)
    expect(short[1]).toBe(1)
    expect(long[1]).toBe(0x81)
    expect(ROOM.besideBytes + long.length).toBeLessThanOrEqual(1024)
    expect(noise[1]).toBe(2)
  })

  test('D6: golden vectors of the encoding', () => {
    const hex = (outcome: Outcome): string => Buffer.from(encodeOutcome(outcome, ROOM)).toString('hex')
    expect(hex({ kind: 'none' })).toBe('0100')
    expect(hex({ kind: 'json', text: '{"a":1}' })).toBe('01017b2261223a317d')
    expect(hex({ kind: 'bytes', bytes: Buffer.of(0xca, 0xfe) })).toBe('0102cafe')
    expect(hex({ kind: 'error', error: { message: 'no' } })).toBe('01037b226d657373616765223a226e6f227d')
    expect(hex({ kind: 'unavailable', reason: 'streamed' })).toBe('010473747265616d6564')
  })
})

describe('policies for answers', () => {
  test.each([
    [200, 'complete', 'complete', 'complete'],
    [201, 'complete', 'complete', 'complete'],
    [302, 'complete', 'complete', 'complete'],
    [400, 'release', 'complete', 'complete'],
    [401, 'release', 'release', 'complete'],
    [403, 'release', 'release', 'complete'],
    [404, 'release', 'complete', 'complete'],
    [407, 'release', 'release', 'complete'],
    [408, 'release', 'release', 'complete'],
    [422, 'release', 'complete', 'complete'],
    [425, 'release', 'release', 'complete'],
    [429, 'release', 'release', 'complete'],
    [500, 'abandon', 'abandon', 'complete'],
    [503, 'abandon', 'abandon', 'complete'],
    [Number.NaN, 'abandon', 'abandon', 'complete'],
    [100, 'abandon', 'abandon', 'complete'],
  ])('E9: %p is %s by default, %s under storeDeterministic, %s under storeEverything', (statusCode, a, b, c) => {
    expect([storeSuccess, storeDeterministic, storeEverything].map((policy) => policy({ statusCode }))).toEqual([
      a,
      b,
      c,
    ])
  })

  test('E9: for a policy that throws or returns nonsense the default decides, and a message says so', async () => {
    const broken = (): never => {
      throw new Error('no')
    }
    const logged = await errorsLogged(async () => {
      expect(decide(broken, { statusCode: 201 })).toBe('complete')
      expect(decide((() => 'keep') as never, { statusCode: 500 })).toBe('abandon')
    })
    expect(logged).toEqual([
      expect.stringContaining('"outcomes" threw an error'),
      expect.stringContaining('"outcomes" answered "keep"'),
    ])
  })
})

describe('policies for errors', () => {
  const withStatus = (statusCode: unknown, expose?: unknown): Error =>
    Object.assign(new Error('x'), { statusCode }, expose === undefined ? {} : { expose })

  const hostile = Object.defineProperty(new Error('x'), 'expose', {
    get: () => {
      throw new Error('no expose')
    },
  })

  test.each<[string, unknown, string, string]>([
    ['a plain error', new Error('x'), 'abandon', 'abandon'],
    ['a string', 'x', 'abandon', 'abandon'],
    ['undefined', undefined, 'abandon', 'abandon'],
    ['null', null, 'abandon', 'abandon'],
    [
      'an error that only has the name NotDoneError',
      Object.assign(new Error('x'), { name: 'NotDoneError' }),
      'abandon',
      'abandon',
    ],
    ['an error with 404', withStatus(404), 'abandon', 'abandon'],
    ['an error with 404 that hides its message', withStatus(404, false), 'abandon', 'abandon'],
    ['an error with 404 for the client', withStatus(404, true), 'abandon', 'release'],
    ['an object with 404 for the client', { statusCode: 404, expose: true }, 'abandon', 'release'],
    ['an error with 399 for the client', withStatus(399, true), 'abandon', 'abandon'],
    ['an error with 500 for the client', withStatus(500, true), 'abandon', 'abandon'],
    ['an error with a status that is no number', withStatus('404', true), 'abandon', 'abandon'],
    ['an error that cannot be read', hostile, 'abandon', 'abandon'],
    ['NotDoneError', new NotDoneError('x'), 'release', 'release'],
    ['NotDoneError with a 5xx', new NotDoneError('x', { statusCode: 503, expose: true }), 'release', 'release'],
    ['TerminalError', new TerminalError('x'), 'complete', 'complete'],
    ['TerminalError with a 4xx', new TerminalError('x', { statusCode: 404, expose: true }), 'complete', 'complete'],
  ])('C4: %s', (_, error, kind, overHttp) => {
    expect(endingOfError(error).kind).toBe(kind)
    expect(endingOfHttpError(error).kind).toBe(overHttp)
  })

  test('E9: a thrown value that is not an Error is never stored, whatever the policy says', () => {
    expect(endingOfHttpError({ statusCode: 404, expose: true }, storeEverything).kind).toBe('abandon')
    expect(endingOfHttpError(withStatus(404, true), storeEverything).kind).toBe('complete')
  })

  test('C4: a TerminalError is replayed as an equal error', () => {
    const error = new TerminalError('card expired', {
      details: { code: 7, at: new Date(0) },
      statusCode: 402,
      expose: false,
    })
    const ending = endingOfError(error)
    if (ending.kind !== 'complete') throw new Error('expected complete')
    const outcome = decodeOutcome(encodeOutcome(ending.outcome, ROOM))
    if (outcome.kind !== 'error') throw new Error('expected an error')
    const again = replayedError(outcome.error)
    expect(again).toBeInstanceOf(TerminalError)
    expect(again).toMatchObject({ message: 'card expired', statusCode: 402, expose: false, name: 'TerminalError' })
    expect(again.details).toEqual({ code: 7, at: '1970-01-01T00:00:00.000Z' })
  })

  test('G1: only the class of an error is stored, never its message or a name that contains data', () => {
    expect(endingOfError(new RangeError('card 4242'))).toEqual({ kind: 'abandon', lastError: 'RangeError' })
    expect(endingOfError(Object.assign(new Error('x'), { name: 'card 4242 refused' }))).toEqual({
      kind: 'abandon',
      lastError: 'Error',
    })
  })
})
