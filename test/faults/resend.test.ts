import type { StoredRecord } from '../../lib/core/record/record.ts'
import { reconcile } from '../../lib/effects/index.ts'
import { NotDoneError, type OnceOptions } from '../../lib/index.ts'
import {
  type Fault,
  failAfter,
  failBefore,
  resetAfter,
  resetBefore,
  timeoutAfter,
  timeoutBefore,
} from '../support/fault-proxy.ts'
import { aRequest, ending, openScene, recordKeyOf, remaining, type Scene } from '../support/scene.ts'
import type { Step } from '../support/store-step.ts'

let scene: Scene
beforeAll(async () => {
  scene = await openScene()
})
beforeEach(() => scene.reset())
afterAll(() => scene.close())

interface Told {
  readonly outcome: unknown
  readonly runs: number
  readonly record: unknown
  readonly events: unknown
}

const boom = new Error('boom')

/** A request that makes the store take the step, whose own request fails once. */
const STORIES: Readonly<
  Record<
    Exclude<Step, 'peek' | 'checkpoint' | 'commit'>,
    { before?: 'abandoned'; options?: Partial<OnceOptions>; run: () => unknown; beats?: true }
  >
> = {
  claim: { run: () => 'done' },
  takeOver: { before: 'abandoned', run: () => 'done' },
  nextGeneration: {
    before: 'abandoned',
    options: { abandoned: reconcile(() => ({ notDone: true })) },
    run: () => 'done',
  },
  renew: { options: { heartbeat: { leaseSeconds: 60 } }, run: () => 'done', beats: true },
  complete: { run: () => 'done' },
  release: {
    run: () => {
      throw new NotDoneError('card declined')
    },
  },
  abandon: {
    run: () => {
      throw boom
    },
  },
}

const FAULTS: readonly (readonly [string, Fault])[] = [
  ['the connection breaks before it is applied', resetBefore],
  ['the connection breaks after it was applied', resetAfter],
  ['a 500 before it is applied', failBefore],
  ['a 500 after it was applied', failAfter],
  ['no answer, and not applied', timeoutBefore],
  ['no answer, although applied', timeoutAfter],
]

const play = async (step: keyof typeof STORIES, fault: Fault | undefined): Promise<Told> => {
  const { before, options, run, beats } = STORIES[step]
  const request = aRequest(beats === undefined ? {} : { context: remaining(900_000) })
  const recordKey = recordKeyOf(request)
  const host = scene.host('host', options)
  if (before === 'abandoned') {
    const crashed = scene.host('crashed')
    await ending(crashed.once(request, () => Promise.reject(boom)))
  }
  const started = scene.clock.now()
  scene.proxy.script(...(fault === undefined ? [] : [{ step, nth: 1, fault }]))
  let runs = 0
  let renewed: unknown
  const outcome = await ending(
    host.once(request, async (claim) => {
      runs++
      if (beats) {
        scene.clock.advance(20_000)
        await host.runtime.beat()
        renewed = { record: since(started, await scene.read(recordKey)), aborted: claim?.signal.aborted }
      }
      return run()
    }),
  )
  if (beats) expect(renewed).toMatchObject({ record: { revision: 2, leaseExpiresAt: 80_000 }, aborted: false })
  expect(scene.proxy.seen.filter((seen) => seen.step === step)).toHaveLength(fault === undefined ? 1 : 2)
  return { outcome, runs, record: since(started, await scene.read(recordKey)), events: host.events.map(anonymous) }
}

/** What two plays of one story have in common: times as spans, a token as its number, and no key. */
const since = (started: number, record: StoredRecord | undefined): unknown =>
  record === undefined
    ? undefined
    : Object.fromEntries(
        Object.entries({ ...record, recordKey: undefined, claimToken: numberOf(record.claimToken) }).map(
          ([name, value]) => [name, typeof value === 'number' && value > 1e12 ? value - started : value],
        ),
      )

/** Each host has tokens of its own, which end in their number. */
const numberOf = (token: string): string | undefined => token.split('-').pop()

const anonymous = (event: object): unknown => ({ ...event, recordKey: undefined })

describe.each(Object.keys(STORIES) as (keyof typeof STORIES)[])('A4 A %s that the SDK sends again', (step) => {
  let faultless: Told
  beforeAll(async () => {
    faultless = await play(step, undefined)
    expect(faultless.runs).toBe(1)
  })

  test.each(FAULTS)('A4 ends as it would without the fault, with one run: %s', async (_, fault) => {
    expect(await play(step, fault)).toEqual(faultless)
  })
})

test('A4 A claim that finds its own earlier send is won, not a conflict, and its retry is a replay.', async () => {
  const request = aRequest()
  scene.proxy.script({ step: 'claim', nth: 1, fault: resetAfter })
  const host = scene.host('host')
  let runs = 0
  const run = () => ++runs
  expect(await host.once(request, run)).toEqual({ value: 1, status: 'created' })
  expect(await host.once(request, run)).toEqual({ value: 1, status: 'replayed' })
  expect(host.eventTypes()).toEqual(['claimed', 'completed', 'replayed'])
})

test('A4 If the answers of both writes of a request are lost, there is one run, and its answer is stored and replayed.', async () => {
  const request = aRequest()
  scene.proxy.script(
    { step: 'claim', nth: 1, fault: resetAfter },
    { step: 'complete', nth: 1, fault: resetAfter },
    { step: 'claim', nth: 3, fault: resetAfter },
  )
  const { once } = scene.host('host')
  let runs = 0
  const run = () => ++runs
  expect(await once(request, run)).toEqual({ value: 1, status: 'created' })
  expect(await once(request, run)).toEqual({ value: 1, status: 'replayed' })
})
