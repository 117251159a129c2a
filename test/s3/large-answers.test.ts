import { createHash, randomBytes } from 'node:crypto'
import { jest } from '@jest/globals'
import { cached } from '../../lib/cached/index.ts'
import { idempotent } from '../../lib/http/index.ts'
import { type IdempotencyError, once, type Store } from '../../lib/index.ts'
import { memoryStore } from '../../lib/memory/index.ts'
import { type LargeAnswers, largeAnswers, s3Answers } from '../../lib/s3/index.ts'
import { answered } from '../support/http-harness.ts'
import { BUCKET, type ObjectServer, objectServer } from '../support/s3.ts'
import { aRequest, ending, openScene, PATIENT, recordKeyOf, type Scene, SKEW } from '../support/scene.ts'

let scene: Scene
let s3: ObjectServer
let store: Store
beforeAll(async () => {
  scene = await openScene(PATIENT)
  s3 = await objectServer()
  store = largeAnswers(scene.store, s3Answers({ bucketName: BUCKET, client: s3.client }))
})
beforeEach(() => {
  scene.reset()
  s3.objects.clear()
  s3.fault = undefined
})
afterAll(async () => {
  await s3.close()
  await scene.close()
})

/** Text that deflate cannot make smaller than three quarters. */
const textOf = (bytes: number): string =>
  randomBytes(Math.ceil((bytes * 3) / 4))
    .toString('base64')
    .slice(0, bytes)

const KB = 1_024
const host = () => scene.host('one', { store })
const codeOf = (outcome: object): string | undefined => (outcome as { error?: IdempotencyError }).error?.code

/** Short enough for the report of a test that fails. */
const sha = (text: unknown): string => createHash('sha256').update(String(text)).digest('hex')
const seen = ({ value, status }: { value: unknown; status: string }) => ({ sha: sha(value), status })

describe('I34 an answer that does not fit into an item', () => {
  test.each([600 * KB, 2_000 * KB, 6_000 * KB])('of %s bytes is put into S3 and replayed from there', async (bytes) => {
    const request = aRequest()
    const text = textOf(bytes)
    expect(seen(await host().once(request, () => text))).toEqual({ sha: sha(text), status: 'created' })
    expect([...s3.objects.keys()]).toEqual([expect.stringMatching(/^payments\/[\w-]+\/[\w-]+$/)])
    let runs = 0
    const again = await host().once(request, () => ++runs)
    expect(seen(again as never)).toEqual({ sha: sha(text), status: 'replayed' })
    expect(runs).toBe(0)
  })

  test('a small answer is not put', async () => {
    await host().once(aRequest(), () => 'small')
    expect(s3.objects.size).toBe(0)
  })

  test('the record has a pointer, and not the answer', async () => {
    const request = aRequest()
    await host().once(request, () => textOf(600 * KB))
    const record = await scene.read(recordKeyOf(request))
    const outcome = record !== undefined && 'outcome' in record ? record.outcome : undefined
    expect(outcome?.[1]).toBe(6)
    expect(outcome?.length).toBeLessThan(300)
  })

  test('if its object is missing, a retry gets replay-unavailable', async () => {
    const request = aRequest()
    await host().once(request, () => textOf(600 * KB))
    s3.objects.clear()
    expect(codeOf(await ending(host().once(request, () => 0)))).toBe('replay-unavailable')
  })

  test.each([
    ['longer', (object: Buffer) => Buffer.concat([object, Buffer.from('x')])],
    ['of other bytes', (object: Buffer) => Buffer.concat([object.subarray(1), Buffer.from('x')])],
  ])('if its object is %s, a retry gets replay-unavailable', async (_, change) => {
    const request = aRequest()
    await host().once(request, () => textOf(600 * KB))
    for (const [key, object] of s3.objects) s3.objects.set(key, change(object))
    expect(codeOf(await ending(host().once(request, () => 0)))).toBe('replay-unavailable')
  })

  test('if S3 cannot be reached, a retry gets 503, and the answer once S3 is back', async () => {
    const request = aRequest()
    const text = textOf(600 * KB)
    await host().once(request, () => text)
    s3.fault = 'getFails'
    expect(codeOf(await ending(host().once(request, () => 0)))).toBe('idempotency-unavailable')
    s3.fault = undefined
    expect(seen((await host().once(request, () => 0)) as never)).toEqual({ sha: sha(text), status: 'replayed' })
  })

  test('if the put fails, the caller gets the answer, and a retry gets replay-unavailable', async () => {
    const request = aRequest()
    const text = textOf(600 * KB)
    const log = jest.spyOn(console, 'error').mockImplementation(() => {})
    s3.fault = 'putFails'
    expect(seen(await host().once(request, () => text))).toEqual({ sha: sha(text), status: 'created' })
    expect(log).toHaveBeenCalledWith(expect.stringContaining('could not be put'))
    log.mockRestore()
    s3.fault = undefined
    expect(codeOf(await ending(host().once(request, () => 0)))).toBe('replay-unavailable')
  })

  test('a late owner puts an object of its own, which is never replayed', async () => {
    const request = aRequest({ context: undefined }) // no deadline, so the late owner has time for its put
    const [late, stored] = [textOf(600 * KB), textOf(600 * KB)]
    const ended = scene.host('late', { store }).once(request, async () => {
      scene.clock.advance(60_000 + SKEW + 1_000)
      expect(await scene.host('next', { store }).once(request, () => stored)).toMatchObject({ status: 'created' })
      return late
    })
    expect(seen(await ended)).toEqual({ sha: sha(stored), status: 'replayed' })
    expect(s3.objects.size).toBe(2)
    expect(seen((await host().once(request, () => 0)) as never)).toEqual({ sha: sha(stored), status: 'replayed' })
  })

  test('another payload is a mismatch', async () => {
    const request = aRequest()
    await host().once(request, () => textOf(600 * KB))
    expect(codeOf(await ending(host().once({ ...request, payload: 2 }, () => 0)))).toBe('key-reused')
  })

  test('an answer over 6 MB is not put, and is replay-unavailable', async () => {
    const request = aRequest()
    const text = textOf(9_000 * KB)
    expect(await host().once(request, () => text)).toMatchObject({ status: 'created' })
    expect(s3.objects.size).toBe(0)
    expect(codeOf(await ending(host().once(request, () => 0)))).toBe('replay-unavailable')
  })

  test('a function without largeAnswers answers replay-unavailable', async () => {
    const request = aRequest()
    await host().once(request, () => textOf(600 * KB))
    expect(codeOf(await ending(scene.host('other').once(request, () => 0)))).toBe('replay-unavailable')
  })

  test('over HTTP the replay has the body byte for byte', async () => {
    const body = JSON.stringify({ report: textOf(900 * KB) })
    const handler = idempotent<object, object>(
      async () => ({ statusCode: 200, headers: { 'content-type': 'application/json' }, body }),
      {
        store,
        operation: 'payments',
        tenant: 'single-tenant',
        runtime: scene.host('http').runtime,
      },
    )
    const event = {
      version: '2.0',
      routeKey: 'POST /reports',
      rawPath: '/reports',
      rawQueryString: '',
      headers: { 'idempotency-key': `"large-${randomBytes(4).toString('hex')}"` },
      requestContext: { http: { method: 'POST', path: '/reports' }, stage: '$default' },
      isBase64Encoded: false,
    }
    const context = { getRemainingTimeInMillis: () => 20_000 }
    const answers = [answered(await handler(event, context)), answered(await handler(event, context))]
    expect(answers.map(({ headers }) => headers['idempotency-status'])).toEqual(['created', 'replayed'])
    expect(answers.map((answer) => sha(answer.body))).toEqual([sha(body), sha(body)])
  })
})

test('cached(largeAnswers(store)) reads an answer from S3 once', async () => {
  let reads = 0
  const answers = s3Answers({ bucketName: BUCKET, client: s3.client })
  const counted: LargeAnswers = {
    put: answers.put,
    get: (key, signal) => {
      reads++
      return answers.get(key, signal)
    },
  }
  const request = aRequest()
  await host().once(request, () => textOf(600 * KB))
  const runtime = scene.host('cache').runtime
  const call = once({ store: cached(largeAnswers(scene.store, counted), { runtime }), operation: 'payments', runtime })
  await call(request, () => 0)
  await call(request, () => 0)
  expect(reads).toBe(1)
})

describe('options that cannot be right are refused', () => {
  test.each([undefined, 'x', 'Answers', 7])('bucketName %p', (bucketName) => {
    expect(() => s3Answers({ bucketName: bucketName as string })).toThrow(/bucketName/)
  })

  test('a store that is none, and answers without put and get', () => {
    expect(() => largeAnswers({} as Store, s3Answers({ bucketName: BUCKET, client: s3.client }))).toThrow(/store/)
    expect(() => largeAnswers(memoryStore(), {} as LargeAnswers)).toThrow(/answers.* must have put and get/)
  })
})
