import { StepInDoubtError, step } from '../../lib/effects/index.ts'
import { type HandlerClaim, NotDoneError } from '../../lib/index.ts'
import { readItem } from '../support/dynamodb.ts'
import { aRequest, ending, LEASE, openScene, recordKeyOf, type Scene, SKEW } from '../support/scene.ts'

let scene: Scene
beforeAll(async () => {
  scene = await openScene()
})
beforeEach(() => scene.reset())
afterAll(() => scene.close())

const LAPSE = LEASE + SKEW + 1_000

type Claim = HandlerClaim | undefined

test('I12 a step whose result was kept is not run again, and the one after it is', async () => {
  const request = aRequest()
  const runs: string[] = []
  const keys = new Set<string>()
  const handler = (fails: boolean) => async (claim: Claim) => {
    const charge = await step(claim, 'charge', ({ downstreamKey }) => {
      runs.push('charge')
      keys.add(downstreamKey)
      return { id: 'ch_1' }
    })
    const mail = await step(claim, 'mail', ({ downstreamKey }) => {
      runs.push('mail')
      keys.add(downstreamKey)
      if (fails) throw new TypeError('the socket broke')
      return 'sent'
    })
    return { charge, mail }
  }
  const first = await ending(scene.host('one').once(request, handler(true)))
  expect(first).toEqual({ error: expect.any(TypeError) })
  const second = await scene.host('two').once(request, handler(false))
  expect(second).toEqual({ value: { charge: { id: 'ch_1' }, mail: 'sent' }, status: 'created' })
  expect(runs).toEqual(['charge', 'mail', 'mail'])
  expect(keys.size).toBe(2)
})

test('I21 a step under `stop` runs at most once, and then a person decides', async () => {
  const request = aRequest()
  let runs = 0
  const handler = (claim: Claim) =>
    step(
      claim,
      'text',
      () => {
        runs++
        throw new TypeError('the socket broke')
      },
      { inDoubt: 'stop' },
    )
  await ending(scene.host('one').once(request, handler))
  for (const name of ['two', 'three']) {
    const again = await ending(scene.host(name).once(request, handler))
    expect(again).toEqual({ error: expect.objectContaining({ code: 'outcome-unknown' }) })
    expect(again).toEqual({ error: expect.any(StepInDoubtError) })
    scene.clock.advance(LAPSE)
  }
  expect(runs).toBe(1)
})

test('I22 a completed record has no steps', async () => {
  const request = aRequest()
  const host = scene.host('one')
  await host.once(request, (claim) => step(claim, 'charge', () => 1))
  expect(await readItem(scene.tableName, recordKeyOf(request))).not.toHaveProperty('steps')
})

test('I19 a step that ends in NotDoneError does not count', async () => {
  const request = aRequest()
  const declined = (claim: Claim) =>
    step(claim, 'charge', () => {
      throw new NotDoneError('declined')
    })
  await ending(scene.host('one').once(request, declined))
  expect((await scene.read(recordKeyOf(request)))?.status).toBe('RELEASED')
})
