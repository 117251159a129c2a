import middy from '@middy/core'
import { type HttpOptions, idempotency, idempotent } from '../../lib/http/index.ts'
import { once, type Store } from '../../lib/index.ts'
import { memoryStore } from '../../lib/memory/index.ts'
import { contextWith, payment, type TestEvent } from '../support/http-events.ts'
import { answered, gate } from '../support/http-harness.ts'

/** A store whose first settle waits for `goOn`. Meanwhile other requests of the process run. */
const slowStore = (): { readonly store: Store; readonly settling: Promise<void>; readonly goOn: () => void } => {
  const store = memoryStore()
  const [reached, go] = [gate(), gate()]
  let settles = 0
  return {
    settling: reached.opened,
    goOn: go.open,
    store: {
      ...store,
      settle: async (claim, settlement, signal) => {
        if (++settles === 1) {
          reached.open()
          await go.opened
        }
        return store.settle(claim, settlement, signal)
      },
    },
  }
}

/** One object for all answers, as a handler may use for speed, and its parts. */
const reuser = () => {
  const headers: Record<string, string> = {}
  const cookies: string[] = []
  const answer = { statusCode: 201, headers, cookies, body: '' }
  return async (event: TestEvent) => {
    answer.body = String(event.body)
    headers['x-for'] = String(event.body)
    cookies[0] = `for=${event.body}`
    return answer
  }
}

const tenant = (event: TestEvent): string | undefined => event.requestContext.authorizer?.lambda?.merchantId

type Handler = (event: TestEvent, context: object) => Promise<unknown>

const FORMS: Readonly<Record<string, (options: HttpOptions<TestEvent>) => Handler>> = {
  hooks: (options) => {
    const base = middy()
    base.use(idempotency(options) as never)
    return base.handler(reuser() as never) as unknown as Handler
  },
  wrapper: (options) => idempotent(reuser(), options) as unknown as Handler,
}

test.each(Object.entries(FORMS))(
  '%s: H6, G4 a handler that uses its answer object again for another tenant does not give that answer to the first client',
  async (_, make) => {
    const { store, settling, goOn } = slowStore()
    const handler = make({ store, operation: 'payments', tenant })
    const first = handler(payment('k', undefined, { body: 'A', merchantId: 'A' }), contextWith())
    await settling
    await handler(payment('k', undefined, { body: 'B', merchantId: 'B' }), contextWith())
    goOn()
    const own = { statusCode: 201, body: 'A', cookies: ['for=A'], headers: { 'x-for': 'A' } }
    expect(answered(await first)).toMatchObject(own)
    const { cookies, ...stored } = own
    expect(
      answered(await handler(payment('k', undefined, { body: 'A', merchantId: 'A' }), contextWith())),
    ).toMatchObject(stored)
  },
)

test('H6: bytes that are overwritten while they are stored are answered as they were', async () => {
  const { store, settling, goOn } = slowStore()
  const request = { key: 'k', tenant: 'single-tenant', payload: 1 }
  const bytes = Buffer.from('AAAA')
  const first = once({ store, operation: 'payments' })(request, () => bytes)
  await settling
  bytes.fill('B')
  goOn()
  expect(String((await first).value)).toBe('AAAA')
})
