import { runInNewContext } from 'node:vm'
import { decide, endingOfError, endingOfHttpError } from '../../lib/core/outcome/outcome-policy.ts'
import { idempotent } from '../../lib/http/index.ts'
import { memoryStore } from '../../lib/memory/index.ts'
import { sqsHandler } from '../../lib/sqs/index.ts'
import { contextWith, payment } from '../support/http-events.ts'
import { errorsLogged } from '../support/http-harness.ts'
import { aContext, anEvent, aRecord, returned } from '../support/sqs.ts'

/** A function that should answer at once, but returns a promise that rejects later. */
const failsLater = async (): Promise<never> => {
  throw new Error('later')
}

/** An unhandled rejection ends the process, and this test run with it. */
const survived = async (run: () => Promise<unknown>): Promise<void> => {
  await errorsLogged(async () => void (await run()))
  await new Promise(setImmediate)
}

const common = () => ({ store: memoryStore(), operation: 'payments', tenant: 'single-tenant' as const })

test.each(['key', 'route', 'payload', 'likelyReplay', 'outcomes', 'observe'])(
  'An asynchronous %s that rejects does not end the process.',
  async (option) => {
    const handler = idempotent(async () => ({ statusCode: 201, body: '' }), {
      ...common(),
      [option]: failsLater,
    } as never)
    await survived(() => handler(payment('k'), contextWith()))
  },
)

test.each(['onError', 'key', 'tenant', 'payload'])(
  'An asynchronous %s of a worker that rejects does not end the process.',
  async (option) => {
    const worker = sqsHandler<{ orderId: string }>(
      ({ messageId }) => {
        if (messageId === 'a') throw new Error('fails')
      },
      {
        ...common(),
        key: (order: { orderId: string }) => order.orderId,
        onError: () => {},
        [option]: failsLater,
      } as never,
    )
    let back: string[] = []
    const run = async () => {
      back = returned(await worker(anEvent(aRecord('a'), aRecord('b')), aContext()))
    }
    await survived(run)
    expect(back).toContain('a')
  },
)

test('A rejected promise of another realm does not end the process either.', async () => {
  const observe = runInNewContext('() => Promise.reject(new Error("later"))') as () => void
  const handler = idempotent(async () => ({ statusCode: 201, body: '' }), { ...common(), observe })
  await survived(() => handler(payment('k'), contextWith()))
})

test('C4: an error whose name cannot be read still abandons.', () => {
  const hostile = Object.defineProperty(new Error('x'), 'name', {
    get: () => {
      throw new Error('no name')
    },
  })
  const abandoned = { kind: 'abandon', lastError: 'Error' }
  expect(endingOfError(hostile)).toEqual(abandoned)
  expect(endingOfHttpError(hostile)).toEqual(abandoned)
})

test('An asynchronous policy is ignored.', async () => {
  await errorsLogged(async () => {
    expect(decide((() => failsLater()) as never, { statusCode: 201 })).toBe('complete')
  })
})
