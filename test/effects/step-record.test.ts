import { type AttributeValue, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { reconcile, step, transact } from '../../lib/effects/index.ts'
import { type HandlerClaim, NotDoneError, type OnceRequest } from '../../lib/index.ts'
import { downstream, keptIn } from '../support/downstream.ts'
import { freshTable, readItem, testClient } from '../support/dynamodb.ts'
import { aRequest, ending, LEASE, openUnhurriedScene, recordKeyOf, type Scene, SKEW } from '../support/scene.ts'

type Claim = HandlerClaim | undefined

let scene: Scene
beforeAll(async () => {
  scene = await openUnhurriedScene()
})
beforeEach(() => scene.reset())
afterAll(() => scene.close())

const broken = new TypeError('the socket broke')

const itemOf = (request: OnceRequest) => readItem(scene.tableName, recordKeyOf(request))

/** Keeps the steps `a` and `b`, and ends as `end` says. */
const runTwoSteps = (request: OnceRequest, end: () => unknown) =>
  ending(
    scene.host('owner').once(request, async (claim) => {
      await step(claim, 'a', () => 1)
      await step(claim, 'b', () => 2)
      return end()
    }),
  )

/** Writes this item over the request's. */
const overwrite = async (request: OnceRequest, changed: Record<string, AttributeValue | undefined>): Promise<void> => {
  const item = { ...(await itemOf(request)), ...changed }
  const Item = Object.fromEntries(Object.entries(item).filter(([, value]) => value !== undefined)) as typeof item
  await testClient().send(new PutItemCommand({ TableName: scene.tableName, Item: Item as never }))
}

describe('I22 A record', () => {
  test('that is completed has no steps', async () => {
    const request = aRequest()
    await runTwoSteps(request, () => 'paid')
    expect(await itemOf(request)).toMatchObject({ status: { S: 'SUCCEEDED' } })
    expect(await itemOf(request)).not.toHaveProperty('steps')
  })

  test('that a transaction completes has no steps', async () => {
    const request = aRequest()
    const rows = await freshTable()
    const answer = await scene.host('owner').once(request, async (claim) => {
      await step(claim, 'a', () => 1)
      const done = await transact(claim, [{ Put: { TableName: rows, Item: { pk: { S: 'order' } } } }], 'ordered')
      return done.kind
    })
    expect(answer).toEqual({ value: 'ordered', status: 'created' })
    expect(await itemOf(request)).toMatchObject({ status: { S: 'SUCCEEDED' } })
    expect(await itemOf(request)).not.toHaveProperty('steps')
    expect(await readItem(rows, 'order')).toEqual({ pk: { S: 'order' } })
  })

  test('that is released has no steps, and its next generation has none', async () => {
    const request = aRequest()
    await runTwoSteps(request, () => Promise.reject(new NotDoneError('undone')))
    expect(await itemOf(request)).toMatchObject({ status: { S: 'RELEASED' } })
    expect(await itemOf(request)).not.toHaveProperty('steps')
    const { runs, does } = downstream()
    await scene.host('next').once(request, (claim) => step(claim, 'a', does(3)))
    expect(runs).toEqual(['a'])
  })

  test('that is abandoned keeps its steps as a map of binaries, and a take-over carries them', async () => {
    const request = aRequest()
    await runTwoSteps(request, () => Promise.reject(broken))
    const steps = { M: { a: { B: Buffer.from('\x01\x011') }, b: { B: Buffer.from('\x01\x012') } } }
    expect((await itemOf(request))?.steps).toEqual(plain(steps))
    const seen: unknown[] = []
    for (const name of ['second', 'third']) {
      await ending(
        scene.host(name).once(request, async () => {
          seen.push((await itemOf(request))?.steps)
          throw broken
        }),
      )
    }
    expect(seen).toEqual([plain(steps), plain(steps)])
    expect(await itemOf(request)).toMatchObject({ attempt: { N: '3' }, generation: { N: '1' } })
    expect((await itemOf(request))?.steps).toEqual(plain(steps))
  })

  test('whose owner crashed keeps its steps, and a take-over after the lease carries them', async () => {
    const request = aRequest()
    const { runs, does } = downstream()
    let crashed: (() => void) | undefined
    const reached = new Promise<void>((resolve) => {
      crashed = resolve
    })
    void scene.host('owner').once(request, async (claim) => {
      await step(claim, 'a', does(1))
      crashed?.()
      return new Promise<never>(() => {})
    })
    await reached
    expect(keptIn(await scene.read(recordKeyOf(request)))).toEqual(['a'])
    scene.clock.advance(LEASE + SKEW + 1_000)
    const answer = await scene.host('next').once(request, (claim) => step(claim, 'a', does(2)))
    expect(answer).toEqual({ value: 1, status: 'created' })
    expect(runs).toEqual(['a'])
  })

  test('that is held keeps its steps for the person who decides', async () => {
    const request = aRequest()
    const host = scene.host('owner', { abandoned: 'hold' })
    await ending(
      host.once(request, async (claim) => {
        await step(claim, 'a', () => 'ch_1')
        throw broken
      }),
    )
    for (let retry = 0; retry < 2; retry++) {
      expect(await ending(host.once(request, () => 1))).toMatchObject({ error: { code: 'outcome-unknown' } })
    }
    expect(keptIn(await scene.read(recordKeyOf(request)))).toEqual(['a'])
  })

  test('that an older version wrote has no steps, and is run and taken over as ever', async () => {
    const request = aRequest()
    await ending(scene.host('owner').once(request, () => Promise.reject(broken)))
    expect(await itemOf(request)).not.toHaveProperty('steps')
    const { runs, does } = downstream()
    const answer = await scene.host('next').once(request, (claim) => step(claim, 'a', does(1)))
    expect(answer.status).toBe('created')
    expect(runs).toEqual(['a'])
  })

  test.each<[string, Record<string, AttributeValue>, string]>([
    ['completed', { outcome: { B: Buffer.from('\x01\x012') }, status: { S: 'SUCCEEDED' } }, 'replayed'],
    ['released', { status: { S: 'RELEASED' } }, 'created'],
  ])('that an older version %s may still have steps, which count for nothing', async (_, changed, status) => {
    const request = aRequest()
    await runTwoSteps(request, () => Promise.reject(broken))
    const settledAt = { N: String(scene.clock.now()) }
    await overwrite(request, { ...changed, settledAt, expiresAt: { N: '99999999999' } })
    const { runs, does } = downstream()
    const answer = await scene.host('next').once(request, (claim) => step(claim, 'a', does(1)))
    expect(answer.status).toBe(status)
    expect(runs).toEqual(status === 'created' ? ['a'] : [])
  })

  test.each<[string, AttributeValue]>([
    ['a text', { S: 'a' }],
    ['a list', { L: [{ B: Buffer.of(1, 0) }] }],
    ['bytes', { B: Buffer.of(1, 0) }],
    ['a map of texts', { M: { a: { S: 'done' } } }],
    ['a map with one text', { M: { a: { B: Buffer.of(1, 0) }, b: { S: 'done' } } }],
    ['a map of maps', { M: { a: { M: { a: { B: Buffer.of(1, 0) } } } } }],
  ])('whose steps are %s was not written by the layer: nothing runs', async (_, steps) => {
    const request = aRequest()
    await runTwoSteps(request, () => Promise.reject(broken))
    await overwrite(request, { steps })
    let runs = 0
    const refused = await ending(scene.host('next').once(request, () => ++runs))
    expect(refused).toMatchObject({ error: { code: 'store-misconfigured', message: /attribute "steps"/ } })
    expect(runs).toBe(0)
  })

  test('with an empty map of steps, or with a result that cannot be read, runs those steps', async () => {
    for (const steps of [{ M: {} }, { M: { a: { B: Buffer.of(9, 1, 0x31) } } }, { M: { a: { B: Buffer.of() } } }]) {
      const request = aRequest()
      await runTwoSteps(request, () => Promise.reject(broken))
      await overwrite(request, { steps })
      const { runs, does } = downstream()
      const answer = await scene.host('next').once(request, (claim) => step(claim, 'a', does('again')))
      expect(answer).toEqual({ value: 'again', status: 'created' })
      expect(runs).toEqual(['a'])
    }
  })
})

describe('I22 Under a reconcile function', () => {
  const kept = async (request: OnceRequest) => {
    await ending(
      scene.host('owner').once(request, async (claim) => {
        await step(claim, 'a', () => ({ id: 'ch_1' }))
        await step(claim, 'text', () => Promise.reject(broken), { inDoubt: 'stop' })
      }),
    )
  }

  test('the question sees what each step has kept, and nothing of one that is only marked', async () => {
    const request = aRequest()
    await kept(request)
    const seen: unknown[] = []
    const abandoned = reconcile<OnceRequest>((_, claim) => {
      for (const name of ['a', 'text', 'other', 'constructor']) seen.push(claim.kept(name))
      return { unknown: true }
    })
    await ending(scene.host('asker', { abandoned }).once(request, () => 0))
    expect(seen).toEqual([{ value: { id: 'ch_1' } }, undefined, undefined, undefined])
    expect(keptIn(await scene.read(recordKeyOf(request)))).toEqual(['a', 'text']) // deferred, not dropped
  })

  test('I3 rerun keeps the steps', async () => {
    const request = aRequest()
    await kept(request)
    const { runs, does } = downstream()
    const host = scene.host('asker', { abandoned: reconcile(() => ({ rerun: true })) })
    const answer = await host.once(request, (claim) => step(claim, 'a', does('again')))
    expect(answer.value).toEqual({ id: 'ch_1' })
    expect(runs).toEqual([])
  })

  test('I4 notDone runs all of them again, under new keys, also one that must not run twice', async () => {
    const request = aRequest()
    const calls = downstream()
    const attempt = async (claim: Claim) => {
      await step(claim, 'a', calls.does(1))
      await step(claim, 'text', calls.fails(), { inDoubt: 'stop' })
    }
    await ending(scene.host('owner').once(request, attempt))
    const host = scene.host('asker', { abandoned: reconcile(() => ({ notDone: true })) })
    await ending(host.once(request, attempt))
    expect(calls.runs).toEqual(['a', 'text', 'a', 'text'])
    expect([calls.keysOf('a'), calls.keysOf('text')]).toEqual([2, 2])
    expect(keptIn(await scene.read(recordKeyOf(request)))).toEqual(['a', 'text'])
  })

  test('I2 done leaves no steps', async () => {
    const request = aRequest()
    await kept(request)
    await scene.host('asker', { abandoned: reconcile(() => ({ done: 1 })) }).once(request, () => 0)
    expect(await itemOf(request)).not.toHaveProperty('steps')
  })
})

/** Binaries come back as `Uint8Array`. */
const plain = (steps: { M: Record<string, { B: Buffer }> }): object => ({
  M: Object.fromEntries(Object.entries(steps.M).map(([name, { B }]) => [name, { B: Uint8Array.from(B) }])),
})
