import { UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { millis } from '../../lib/core/time.ts'
import {
  type IdempotencyEvent,
  NotDoneError,
  type Once,
  type OnceOptions,
  type OnceRequest,
  once,
  type StoredRecord,
} from '../../lib/index.ts'
import { type OnceWrite, type OnceWriteOptions, onceWrite, type Plan } from '../../lib/write/index.ts'
import { testClient } from '../support/dynamodb.ts'
import { type FakeRuntime, type FakeRuntimeOptions, fakeRuntime } from '../support/fake-runtime.ts'
import { ending, LEASE, recordKeyOf, type Scene, SKEW } from '../support/scene.ts'
import { aName, type Shop } from '../support/shop.ts'
import { testStore } from '../support/test-store.ts'

/** One process that writes. */
export interface Writer {
  readonly runtime: FakeRuntime
  readonly write: OnceWrite
  eventTypes(): readonly string[]
}

/** A process of the scene that writes. */
export const aWriter = (
  scene: Scene,
  options: Partial<OnceWriteOptions> = {},
  runtimeOptions?: FakeRuntimeOptions,
): Writer => {
  const { runtime } = scene.host(aName('writer'), {}, runtimeOptions)
  const events: IdempotencyEvent[] = []
  const observe = (event: IdempotencyEvent) => void events.push(event)
  return {
    runtime,
    write: onceWrite({ store: scene.store, operation: 'payments', runtime, observe, ...options }),
    eventTypes: () => events.map(({ type }) => type),
  }
}

export interface Order {
  readonly id: string
  readonly article: string
}

export const anOrder = (): Order => ({ id: aName(), article: aName('article') })

/** Writes the row of the order and takes a piece of the article. If there is none, it says so. */
export const planOf = (shop: Shop, { id, article }: Order): Extract<Plan, { refused: unknown }> => ({
  items: [shop.order(id), shop.take(article)],
  answer: { ordered: id },
  refused: (reasons) => ({ refused: reasons.map((reason) => reason?.code ?? 'None') }),
})

/** What a caller gets, in a word. */
export const said = async (writing: Promise<unknown>): Promise<string> => {
  const end = await ending(writing)
  if ('error' in end) {
    const { code, name, message } = end.error as Error & { code?: string }
    return code ?? `${name}: ${message}`
  }
  const { value, status } = end.value as { value: object | null; status: string }
  return `${status} ${value === null ? 'null' : Object.keys(value).join()}`
}

export const commits = (scene: Scene): number => scene.proxy.seen.filter(({ step }) => step === 'commit').length

/** The store calls of this test so far. */
export const steps = (scene: Scene): readonly string[] => scene.proxy.seen.map(({ step }) => step)

/** What an earlier call has left under the key. */
export type Prior = 'nothing' | 'expired' | 'released' | 'abandoned'

export const PRIORS: readonly Prior[] = ['nothing', 'expired', 'released', 'abandoned']

/** Leaves the record of an earlier call, which did not go through the proxy. */
export const leave = async (scene: Scene, request: OnceRequest, prior: Prior): Promise<void> => {
  if (prior === 'nothing') return
  await ending(
    besideOnce(scene)(request, () => {
      if (prior === 'released') throw new NotDoneError('not yet')
      if (prior === 'abandoned') throw new Error('boom')
    }),
  )
  if (prior === 'expired') await expire(scene, request)
}

/** A call of another entry, in another process, that does not go through the proxy. */
export const besideOnce = ({ tableName, clock }: Scene, options: Partial<OnceOptions> = {}): Once => {
  const runtime = fakeRuntime({ name: aName('beside'), clock, deadlines: 'never' })
  const store = testStore({ tableName, timeout: millis(10_000) })
  return once({ store, operation: 'payments', runtime, ...options })
}

/** For a new test. The clock is a minute ahead of DynamoDB Local's, which deletes within seconds what has expired by its own. */
export const resetAhead = (scene: Scene): void => {
  scene.reset()
  scene.clock.advance(60_000)
}

/** Its retention ends. TTL has not deleted it yet. */
const expire = async (scene: Scene, request: OnceRequest): Promise<void> => {
  await testClient().send(
    new UpdateItemCommand({
      TableName: scene.tableName,
      Key: { pk: { S: recordKeyOf(request) } },
      UpdateExpression: 'SET expiresAt = :at',
      ExpressionAttributeValues: { ':at': { N: String(Math.floor(scene.clock.now() / 1_000) - 1) } },
    }),
  )
}

/** After every lease of the scene has ended. */
export const afterTheLease = (scene: Scene): void => scene.clock.advance(LEASE + SKEW + 1_000)

export const recordOf = (scene: Scene, request: OnceRequest): Promise<StoredRecord | undefined> =>
  scene.read(recordKeyOf(request))
