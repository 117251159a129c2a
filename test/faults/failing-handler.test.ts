import { NotDoneError, TerminalError } from '../../lib/index.ts'
import { denied, type Rule, resetBefore } from '../support/fault-proxy.ts'
import { aRequest, ending, openScene, recordKeyOf, type Scene } from '../support/scene.ts'

let scene: Scene
beforeAll(async () => {
  scene = await openScene()
})
beforeEach(() => scene.reset())
afterAll(() => scene.close())

const OTHER = { amount: 999 }

class HttpError extends Error {
  readonly statusCode: number
  constructor(statusCode: number) {
    super(`status ${statusCode}`)
    this.statusCode = statusCode
  }
}

/** A thrown value, and its record afterwards. */
const THROWN: readonly (readonly [string, unknown, object])[] = [
  ['a plain error', new Error('boom'), { status: 'IN_PROGRESS', leaseExpiresAt: undefined, lastError: 'Error' }],
  ['an error with a 5xx', new HttpError(502), { status: 'IN_PROGRESS', leaseExpiresAt: undefined }],
  ['an error with a 4xx', new HttpError(402), { status: 'IN_PROGRESS', leaseExpiresAt: undefined, lastError: 'Error' }],
  ['a string', 'boom', { status: 'IN_PROGRESS', leaseExpiresAt: undefined, lastError: 'Error' }],
  ['nothing', undefined, { status: 'IN_PROGRESS', leaseExpiresAt: undefined }],
  ['null', null, { status: 'IN_PROGRESS', leaseExpiresAt: undefined }],
  ['a frozen object', Object.freeze({ code: 7 }), { status: 'IN_PROGRESS', leaseExpiresAt: undefined }],
  ['NotDoneError', new NotDoneError('declined'), { status: 'RELEASED', lastError: 'NotDoneError' }],
  ['TerminalError', new TerminalError('declined'), { status: 'FAILED' }],
]

const throwing = (error: unknown) => async (): Promise<never> => {
  throw error
}

describe('C4 A handler that throws', () => {
  test.each(THROWN)(
    'C4 %s: the caller gets the very same value, and the record says how the run ended',
    async (_, error, record) => {
      const request = aRequest()
      const outcome = await ending(scene.host('a').once(request, throwing(error)))
      expect('error' in outcome).toBe(true)
      expect((outcome as { error: unknown }).error).toBe(error)
      expect(await scene.read(recordKeyOf(request))).toMatchObject(record)
    },
  )

  const settles = (fault: Rule['fault']): readonly Rule[] =>
    (['complete', 'release', 'abandon'] as const).map((step) => ({ step, fault }))

  test.each(THROWN)('C4 %s: the caller gets the very same value, also if the settle fails', async (_, error) => {
    for (const fault of [denied, resetBefore]) {
      const request = aRequest()
      scene.proxy.script(...settles(fault))
      const a = scene.host('a')
      const outcome = await ending(a.once(request, throwing(error)))
      expect('error' in outcome).toBe(true)
      expect((outcome as { error: unknown }).error).toBe(error)
      expect(await scene.read(recordKeyOf(request))).toMatchObject({ status: 'IN_PROGRESS', revision: 1 })
      expect(a.eventTypes().at(-1)).toBe('unstored')
    }
  })

  test.each(THROWN.slice(0, 7))(
    'C4 %s: the same payload runs again at once, and another is a mismatch',
    async (_, error) => {
      const request = aRequest()
      await ending(scene.host('a').once(request, throwing(error)))
      let runs = 0
      const other = await ending(scene.host('b').once({ ...request, payload: OTHER }, () => ++runs))
      expect(other).toMatchObject({ error: { code: 'key-reused' } })
      expect(await scene.host('b').once(request, () => ++runs)).toEqual({ value: 1, status: 'created' })
      expect(await scene.read(recordKeyOf(request))).toMatchObject({ attempt: 2, generation: 1 })
    },
  )

  test.each(THROWN.slice(7, 8))('C4 %s: any payload runs again at once', async (_, error) => {
    const request = aRequest()
    await ending(scene.host('a').once(request, throwing(error)))
    const mended = await scene.host('b').once({ ...request, payload: OTHER }, () => 'mended')
    expect(mended).toEqual({ value: 'mended', status: 'created' })
    expect(await scene.read(recordKeyOf(request))).toMatchObject({ attempt: 2, generation: 2 })
  })

  test('C4 TerminalError: a retry gets an equal error without a run, and another payload is a mismatch', async () => {
    const request = aRequest()
    const error = new TerminalError('declined', { details: { reason: 'stolen' }, statusCode: 402 })
    await ending(scene.host('a').once(request, throwing(error)))
    let runs = 0
    const { error: again } = (await ending(scene.host('b').once(request, () => ++runs))) as { error: TerminalError }
    expect(again).toBeInstanceOf(TerminalError)
    expect([again.message, again.details, again.statusCode]).toEqual(['declined', { reason: 'stolen' }, 402])
    const other = await ending(scene.host('b').once({ ...request, payload: OTHER }, () => ++runs))
    expect(other).toMatchObject({ error: { code: 'key-reused' } })
    expect(runs).toBe(0)
  })
})

test.each([
  'ConditionalCheckFailedException',
  'TransactionConflictException',
  'ProvisionedThroughputExceededException',
  'StoreUnavailableError',
  'TimeoutError',
  'AbortError',
])('C5 An error of the handler’s own that is named %s is no fault of the store: one run, one claim.', async (name) => {
  const request = aRequest()
  const error = Object.assign(new Error('boom'), { name, $metadata: { httpStatusCode: 400 } })
  let runs = 0
  const outcome = await ending(
    scene.host('a').once(request, () => {
      runs++
      throw error
    }),
  )
  expect((outcome as { error: unknown }).error).toBe(error)
  expect(runs).toBe(1)
  expect(scene.proxy.seen.map(({ step }) => step)).toEqual(['claim', 'abandon'])
})

test.each([
  ['NotDoneError', new NotDoneError('declined')],
  ['an error with a 4xx', new HttpError(402)],
])(
  'C10 A claim that took over an abandoned record never releases: %s abandons, and the payload stays enforced.',
  async (_, error) => {
    const request = aRequest()
    await ending(scene.host('a').once(request, throwing(new Error('boom'))))
    const b = scene.host('b')
    expect(((await ending(b.once(request, throwing(error)))) as { error: unknown }).error).toBe(error)
    expect(b.eventTypes()).toEqual(['tookOver', 'abandoned'])
    const record = await scene.read(recordKeyOf(request))
    expect(record).toMatchObject({ status: 'IN_PROGRESS', leaseExpiresAt: undefined, attempt: 2, generation: 1 })
    const other = await ending(scene.host('c').once({ ...request, payload: OTHER }, () => 'of c'))
    expect(other).toMatchObject({ error: { code: 'key-reused' } })
    expect(await scene.host('c').once(request, () => 'of c')).toEqual({ value: 'of c', status: 'created' })
  },
)

test('C10 A claim after a release begins a new generation, and may release again.', async () => {
  const request = aRequest()
  for (let attempt = 1; attempt <= 3; attempt++) {
    await ending(scene.host('a').once({ ...request, payload: { attempt } }, throwing(new NotDoneError('declined'))))
    expect(await scene.read(recordKeyOf(request))).toMatchObject({ status: 'RELEASED', attempt, generation: attempt })
  }
})
