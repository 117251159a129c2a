import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { type StepOptions, step } from '../../lib/effects/index.ts'
import { type HandlerClaim, type IdempotencyEvent, type Once, once } from '../../lib/index.ts'
import { memoryStore } from '../../lib/memory/index.ts'
import { type Downstream, downstream } from '../support/downstream.ts'
import { aRequest, ending, openUnhurriedScene, type Scene } from '../support/scene.ts'

type Claim = HandlerClaim | undefined

const broken = new TypeError('the socket broke')

/** A host over a store in memory. */
const host = (): { readonly once: Once; readonly events: IdempotencyEvent[] } => {
  const events: IdempotencyEvent[] = []
  const run = once({ store: memoryStore(), operation: 'payments', observe: (event) => void events.push(event) })
  return { once: run, events }
}

describe('I15 The value of a step', () => {
  let scene: Scene
  beforeAll(async () => {
    scene = await openUnhurriedScene()
  })
  afterAll(() => scene.close())

  class Money {
    readonly cents = 5
    toJSON(): object {
      return { cents: this.cents }
    }
  }

  test.each<[string, unknown, unknown]>([
    ['an object', { id: 'ch_1', lines: [1, null] }, { id: 'ch_1', lines: [1, null] }],
    ['nothing', undefined, undefined],
    ['null', null, null],
    ['false', false, false],
    ['the empty text', '', ''],
    ['minus zero', -0, 0],
    ['a number that is none', Number.NaN, null],
    ['a date', new Date(0), '1970-01-01T00:00:00.000Z'],
    ['a class of its own', new Money(), { cents: 5 }],
    ['a member that is undefined', { a: undefined, b: 1 }, { b: 1 }],
    ['half a surrogate pair', '\ud800', '\ud800'],
    ['a long text', 'lorem '.repeat(4_000), 'lorem '.repeat(4_000)],
    ['bytes', Uint8Array.of(0, 255), Buffer.of(0, 255)],
    ['a buffer', Buffer.from('ab'), Buffer.from('ab')],
  ])('%s is equal the first time and every time', async (_, result, value) => {
    const request = aRequest()
    const values: unknown[] = []
    let runs = 0
    const attempt = (claim: Claim) =>
      step(claim, 'a', () => {
        runs++
        return result
      })
    for (const name of ['one', 'two', 'three']) {
      await ending(
        scene.host(name).once(request, async (claim) => {
          values.push(await attempt(claim))
          throw broken
        }),
      )
    }
    expect(values).toStrictEqual([value, value, value])
    expect(runs).toBe(1)
  })

  test('is a new object each time: a handler that changes it does not change what is kept', async () => {
    const { once } = host()
    const request = aRequest()
    const given = { id: 'ch_1' }
    const attempt = async (claim: Claim) => {
      const value = await step(claim, 'a', () => given)
      value.id = 'changed'
      throw broken
    }
    await ending(once(request, attempt))
    expect(given).toEqual({ id: 'ch_1' })
    const again = await once(request, (claim) => step(claim, 'a', () => ({ id: 'of a second run' })))
    expect(again.value).toEqual({ id: 'ch_1' })
  })

  test.each([
    ['without a claim', undefined],
    ['too large to be kept', 'x'],
  ])('%s is what JSON keeps too', async (_, large) => {
    const at = { at: new Date(0), large: large && randomBytes(70_000).toString('base64') }
    const kept = JSON.parse(JSON.stringify(at))
    if (large === undefined) expect(await step(undefined, 'a', () => at)).toStrictEqual(kept)
    else expect((await host().once(aRequest(), (claim) => step(claim, 'a', () => at))).value).toStrictEqual(kept)
  })
})

const cycle: { self?: unknown } = {}
cycle.self = cycle

describe('I20 A result that cannot be kept', () => {
  test.each<[string, string, unknown]>([
    ['a bigint', 'not-json', { amount: 5n }],
    ['a cycle', 'not-json', cycle],
    ['a function', 'not-json', () => 1],
    ['a getter that throws', 'not-json', Object.defineProperty({}, 'a', { enumerable: true, get: () => fail() })],
    ['a stream', 'streamed', Readable.from(['a'])],
    ['a response that is not read', 'streamed', new Response('{"id":"ch_1"}')],
    ['a blob', 'streamed', new Blob(['a'])],
    ['too many bytes', 'too-large', randomBytes(65_537)],
    ['too long a text', 'too-large', randomBytes(70_000).toString('base64')],
  ])('is returned, and its step runs again after a crash: %s', async (_, reason, result) => {
    const { once, events } = host()
    const request = aRequest()
    const { runs, does } = downstream()
    const values: unknown[] = []
    for (let attempt = 0; attempt < 2; attempt++) {
      await ending(
        once(request, async (claim) => {
          await step(claim, 'small', does('kept'))
          values.push(await step(claim, 'a', does(result)))
          throw broken
        }),
      )
    }
    expect(runs).toEqual(['small', 'a', 'a'])
    expect(values).toEqual([result, result])
    expect(events.filter(({ type }) => type === 'stepNotKept')).toMatchObject([
      { reason, attempt: 1 },
      { reason, attempt: 2 },
    ])
  })

  test('does not break the run in which it arises', async () => {
    const { once } = host()
    const answer = await once(aRequest(), async (claim) => {
      const big = await step(claim, 'a', () => randomBytes(70_000))
      return big.length
    })
    expect(answer).toEqual({ value: 70_000, status: 'created' })
  })

  test('is one for which earlier results have left no room, to the last byte', async () => {
    for (let left = 0; left < 16; left++) {
      const { once, events } = host()
      const request = aRequest()
      // Two bytes of the encoding, and the name's.
      const first = randomBytes(65_536 - 3 - left)
      const attempt = async (claim: Claim) => {
        await step(claim, 'a', () => first)
        return step(claim, 'b', () => 'ab')
      }
      expect(await once(request, attempt)).toEqual({ value: 'ab', status: 'created' })
      // One byte for the name, and six for the encoded text.
      expect(events.some(({ type }) => type === 'stepNotKept')).toBe(left < 7)
    }
  })
})

describe('I20 Names and numbers of steps', () => {
  test.each(['', 'a b', 'a/b', 'ä', '.hidden', '-a', '_a', '__proto__', 'a'.repeat(65), 1, null, undefined, {}])(
    'a step with the name %p is refused before it runs',
    async (name) => {
      const { once } = host()
      let runs = 0
      for (const claimed of [true, false]) {
        const call = (claim: Claim) => step(claimed ? claim : undefined, name as string, () => ++runs)
        expect(await ending(once(aRequest(), call))).toEqual({
          error: expect.objectContaining({ name: 'TypeError', message: expect.stringMatching(/name must be 1 to 64/) }),
        })
      }
      expect(runs).toBe(0)
    },
  )

  test.each(['a', 'a'.repeat(64), '0', 'constructor', 'hasOwnProperty', 'a.b-c_D9'])(
    'a step may have the name %p, and is kept under it',
    async (name) => {
      const { once } = host()
      const request = aRequest()
      let runs = 0
      const call = async (claim: Claim) => {
        await step(claim, name, () => ++runs)
        throw broken
      }
      await ending(once(request, call))
      await ending(once(request, call))
      expect(runs).toBe(1)
    },
  )

  test('the same name again in one attempt is refused, at the same time and later, kept or not', async () => {
    const { once } = host()
    const request = aRequest()
    const { runs, does } = downstream()
    const call = async (claim: Claim) => {
      const endings = await Promise.all([1, 2].map((value) => ending(step(claim, 'a', does(value)))))
      endings.push(await ending(step(claim, 'a', does(3))))
      expect(endings).toEqual([
        { value: 1 },
        { error: expect.objectContaining({ message: expect.stringMatching(/"a" was called before/) }) },
        { error: expect.any(TypeError) },
      ])
      await step(claim, 'large', does(randomBytes(70_000)))
      await expect(step(claim, 'large', does(1))).rejects.toThrow(TypeError)
      throw broken
    }
    await ending(once(request, call))
    expect(runs).toEqual(['a', 'large'])
    expect(await ending(once(request, call))).toEqual({ error: broken }) // the expectations held there too
    expect(runs).toEqual(['a', 'large', 'large'])
  })

  test('a step whose call failed may be called again', async () => {
    const { once } = host()
    const { runs, does, fails } = downstream()
    const answer = await once(aRequest(), async (claim) => {
      for (const error of [broken, new RangeError('again')])
        await expect(step(claim, 'a', fails(error))).rejects.toBe(error)
      return step(claim, 'a', does('done'))
    })
    expect(answer.value).toBe('done')
    expect(runs).toEqual(['a', 'a', 'a'])
  })

  const names = (count: number) => Array.from({ length: count }, (_, index) => `s${index}`)

  test('64 steps are kept, and the 65th is refused before it runs', async () => {
    const { once } = host()
    const request = aRequest()
    const { runs, does } = downstream()
    const call = async (claim: Claim) => {
      await Promise.all(names(64).map((name) => step(claim, name, does(name))))
      await step(claim, 'one-more', does(1))
    }
    for (let attempt = 0; attempt < 2; attempt++) {
      expect(await ending(once(request, call))).toEqual({
        error: expect.objectContaining({ name: 'TypeError', message: expect.stringMatching(/at most 64 steps/) }),
      })
    }
    expect(runs).toEqual(names(64))
  })

  test('of 64 steps one that failed may be called again', async () => {
    const { once } = host()
    const { does, fails } = downstream()
    const answer = await once(aRequest(), async (claim) => {
      for (const name of names(63)) await step(claim, name, does(name))
      await expect(step(claim, 'last', fails())).rejects.toThrow('the socket broke')
      return step(claim, 'last', does('done'))
    })
    expect(answer.value).toBe('done')
  })

  test.each<[unknown, RegExp]>([
    [null, /options/],
    ['stop', /options/],
    [{ key: '' }, /"?key"? /],
    [{ key: 7 }, /"?key"? /],
    [{ inDoubt: 'Stop' }, /inDoubt/],
    [{ inDoubt: true }, /inDoubt/],
    [{ indoubt: 'stop' }, /"indoubt" is not known/],
  ])('a step with the options %j is refused before it runs', async (options, message) => {
    const { once } = host()
    let runs = 0
    for (const claimed of [true, false]) {
      const call = (claim: Claim) =>
        step(claimed ? claim : undefined, 'a', () => ++runs, options as StepOptions<number>)
      const refused = await ending(once(aRequest(), call))
      expect(refused).toEqual({ error: expect.any(TypeError) })
      expect(refused).toEqual({ error: expect.objectContaining({ message: expect.stringMatching(message) }) })
    }
    expect(runs).toBe(0)
  })

  test('a claim that is none, and a step without a function, are refused', async () => {
    const fake = { recordKey: 'a#b', attempt: 1 } as unknown as Claim
    await expect(step(fake, 'a', () => 1)).rejects.toThrow(/claim must be the claim that the handler got/)
    await expect(step(null as never, 'a', () => 1)).rejects.toThrow(/claim must be/)
    await expect(step(undefined, 'a', 1 as never)).rejects.toThrow(/run must be a function/)
  })
})

test('I12 the downstream key is that of the claim under the step’s name, or under `key`', async () => {
  const { once } = host()
  await once(aRequest(), async (claim) => {
    const keyOf = (name: string, options?: StepOptions<string>) =>
      step(claim, name, ({ downstreamKey }) => downstreamKey, options)
    expect(await keyOf('charge')).toBe(claim?.downstreamKey('charge'))
    expect(await keyOf('charge-2', { key: 'charge' })).toBe(claim?.downstreamKey('charge'))
    expect(await keyOf('refund')).not.toBe(claim?.downstreamKey('charge'))
  })
})

test('I12 steps may nest, and the inner one is kept by itself', async () => {
  const { once } = host()
  const request = aRequest()
  const calls: Downstream = downstream()
  const call = (claim: Claim) =>
    step(claim, 'outer', async (outer) => {
      const inner = await step(claim, 'inner', calls.does('i'))
      calls.does(0)(outer)
      if (calls.runs.length === 2) throw broken
      return `${inner}o`
    })
  await ending(once(request, call))
  expect(await once(request, call)).toEqual({ value: 'io', status: 'created' })
  expect(calls.runs).toEqual(['inner', 'outer', 'outer'])
})
