import {
  arrivesLate,
  type Fault,
  failAfter,
  resetAfter,
  resetBefore,
  timeoutAfter,
  transactionConflict,
} from '../support/fault-proxy.ts'
import { aRequest, ending, LEASE, openScene, recordKeyOf, type Scene, SKEW } from '../support/scene.ts'

let scene: Scene
beforeAll(async () => {
  scene = await openScene()
})
beforeEach(() => scene.reset())
afterAll(() => scene.close())

const UNAVAILABLE = { error: { name: 'IdempotencyError', code: 'idempotency-unavailable', retryAfterSeconds: 1 } }
const CONFLICT = { error: { code: 'in-progress' } }
const OTHER = { amount: 999 }

/** A host whose give-up never times out, so only the scripted faults decide what arrives. */
const patient = (name: string) => scene.host(name, {}, { deadlines: 'never' })

/** Makes a claim that fails, and returns what the next call finds. */
const inVain = async (request: ReturnType<typeof aRequest>): Promise<void> => {
  const a = patient('a')
  let runs = 0
  expect(await ending(a.once(request, () => ++runs))).toMatchObject(UNAVAILABLE)
  expect(runs).toBe(0)
  scene.proxy.script()
}

describe('A13 A claim whose fate stays unknown runs nothing', () => {
  test.each<[string, Fault]>([
    ['the connection breaks', resetAfter],
    ['500', failAfter],
    ['no answer', timeoutAfter],
  ])('A13 once its release has arrived, a later call runs at once, with any payload (%s)', async (_, fault) => {
    const request = aRequest()
    scene.proxy.script({ step: 'claim', fault })
    await inVain(request)
    expect(await scene.read(recordKeyOf(request))).toMatchObject({ status: 'RELEASED', attempt: 1 })
    const b = scene.host('b')
    expect(await b.once({ ...request, payload: OTHER }, () => 'of b')).toEqual({ value: 'of b', status: 'created' })
    expect(await scene.read(recordKeyOf(request))).toMatchObject({ status: 'SUCCEEDED', attempt: 2, generation: 2 })
  })

  test('A13 if its release was lost too, a later call is refused until the lease ends, and then runs once', async () => {
    const request = aRequest()
    scene.proxy.script({ step: 'claim', fault: resetAfter }, { step: 'release', fault: resetBefore })
    await inVain(request)
    expect(await scene.read(recordKeyOf(request))).toMatchObject({ status: 'IN_PROGRESS', revision: 1 })
    let runs = 0
    const run = () => ++runs
    expect(await ending(scene.host('b').once(request, run))).toMatchObject(CONFLICT)
    scene.clock.advance(LEASE + SKEW)
    expect(await ending(scene.host('b').once(request, run))).toMatchObject(CONFLICT)
    scene.clock.advance(1_000)
    expect(await scene.host('b').once(request, run)).toEqual({ value: 1, status: 'created' })
    expect(runs).toBe(1)
  })

  test('A13 if the claim arrives after its release, it blocks the key until its lease ends', async () => {
    const request = aRequest()
    scene.proxy.script({ step: 'claim', fault: arrivesLate })
    await inVain(request)
    expect(await scene.read(recordKeyOf(request))).toBeUndefined()
    expect(await scene.proxy.deliver()).toEqual([200, 400])
    let runs = 0
    const run = () => ++runs
    expect(await ending(scene.host('b').once(request, run))).toMatchObject(CONFLICT)
    scene.clock.advance(LEASE + SKEW + 1_000)
    expect(await scene.host('b').once(request, run)).toEqual({ value: 1, status: 'created' })
    expect(runs).toBe(1)
  })

  test('A13 an uncertain take-over of an abandoned record is abandoned, not released: its payload stays enforced', async () => {
    const request = aRequest()
    await ending(scene.host('crashed').once(request, () => Promise.reject(new Error('boom'))))
    scene.proxy.script({ step: 'takeOver', fault: resetAfter })
    await inVain(request)
    const record = await scene.read(recordKeyOf(request))
    expect(record).toMatchObject({ status: 'IN_PROGRESS', leaseExpiresAt: undefined, attempt: 2, generation: 1 })
    const other = await ending(scene.host('b').once({ ...request, payload: OTHER }, () => 'of b'))
    expect(other).toMatchObject({ error: { code: 'key-reused' } })
    expect(await scene.host('b').once(request, () => 'of b')).toEqual({ value: 'of b', status: 'created' })
  })

  test('A13 if transactions prevent an answer, it is a conflict, and the claim does not stay: a later call runs', async () => {
    const request = aRequest()
    scene.proxy.script({ step: 'claim', nth: 1, fault: resetAfter }, { step: 'claim', fault: transactionConflict })
    let runs = 0
    expect(await ending(patient('a').once(request, () => ++runs))).toMatchObject({
      error: { code: 'in-progress', retryAfterSeconds: 1 },
    })
    expect(runs).toBe(0)
    scene.proxy.script()
    expect(await scene.host('b').once(request, () => ++runs)).toEqual({ value: 1, status: 'created' })
  })

  test('A13 a claim that never arrived leaves nothing behind', async () => {
    const request = aRequest()
    scene.proxy.script({ step: 'claim', fault: resetBefore })
    await inVain(request)
    expect(await scene.read(recordKeyOf(request))).toBeUndefined()
    expect(await scene.host('b').once(request, () => 'of b')).toEqual({ value: 'of b', status: 'created' })
  })

  test('A13 a released claim is never used again: the next one has a new token', async () => {
    const request = aRequest()
    const a = patient('a')
    scene.proxy.script({ step: 'claim', fault: resetAfter })
    await ending(a.once(request, () => 'first'))
    scene.proxy.script()
    await a.once(request, () => 'second')
    expect(new Set(a.runtime.tokens).size).toBe(a.runtime.tokens.length)
    const last = a.runtime.tokens.at(-1)
    expect(await scene.read(recordKeyOf(request))).toMatchObject({ claimToken: last, status: 'SUCCEEDED' })
  })
})
