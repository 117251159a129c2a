import { setTimeout as sleep } from 'node:timers/promises'
import { claimOf, type HttpOptions, idempotency, idempotent } from '../../lib/http/index.ts'
import {
  type HandlerClaim,
  IdempotencyError,
  type IdempotencyEvent,
  once,
  type Runtime,
  type Store,
} from '../../lib/index.ts'
import { sqsHandler } from '../../lib/sqs/index.ts'
import { payment, type TestEvent } from '../support/http-events.ts'
import { chainOf, MIDDYS, type Middy } from '../support/middy-chain.ts'
import { anEvent, aRecord, type Order, redelivered, returned } from '../support/sqs.ts'

export type Claim = HandlerClaim | undefined

/** A context whose remaining time the test sets. */
export interface Remaining {
  millis: number
}

export interface Setting {
  readonly store: Store
  readonly runtime: Runtime
  readonly observe: (event: IdempotencyEvent) => void
}

/** One entry of the library. `call` runs the handler for one request, and says in a word what its caller gets. */
export interface Entry {
  readonly name: string
  readonly open: (setting: Setting) => {
    call(key: string, handler: (claim: Claim) => unknown, remaining?: Remaining): Promise<string>
  }
  /** What the caller gets for an answer, for a thrown error, and for a refusal of the layer. */
  readonly told: {
    answer(statusCode: number, body: string): string
    thrown(name: string): string
    readonly unavailable: string
  }
}

const contextOf = (remaining: Remaining) => ({ getRemainingTimeInMillis: () => remaining.millis })

const LONG: Remaining = { millis: 30_000 }

const shown = (answer: unknown): string => {
  const { statusCode, body } = answer as { statusCode: number; body: string }
  const code = body.startsWith('{') ? JSON.parse(body).code : body
  return `${statusCode} ${code}`
}

const namedThrow = (error: unknown): string =>
  error instanceof IdempotencyError && error.code === 'idempotency-unavailable'
    ? HTTP_TOLD.unavailable
    : `threw ${(error as Error).name}`

const HTTP_TOLD: Entry['told'] = {
  answer: (statusCode, body) => `${statusCode} ${body}`,
  thrown: (name) => `threw ${name}`,
  unavailable: '503 idempotency-unavailable',
}

const httpOptions = (setting: Setting): HttpOptions<TestEvent> => ({
  ...setting,
  operation: 'orders',
  tenant: 'single-tenant',
})

const hooks = (version: string, middy: Middy): Entry => ({
  name: `the hooks of Middy ${version}`,
  told: HTTP_TOLD,
  open: (setting) => ({
    call: (key, handler, remaining = LONG) =>
      chainOf(middy, [idempotency(httpOptions(setting))], (_event, context) => handler(claimOf(context)))(
        payment(key),
        contextOf(remaining),
      ).then(shown, (error: Error) => `threw ${error.name}`),
  }),
})

export const ENTRIES: readonly Entry[] = [
  {
    name: 'the wrapper',
    told: HTTP_TOLD,
    open: (setting) => ({
      call: (key, handler, remaining = LONG) =>
        idempotent((_event: TestEvent, _context, claim) => handler(claim), httpOptions(setting))(
          payment(key),
          contextOf(remaining),
        ).then(shown, (error: Error) => `threw ${error.name}`),
    }),
  },
  ...MIDDYS.map(([version, middy]) => hooks(version, middy)),
  {
    name: 'once',
    told: HTTP_TOLD,
    open: (setting) => {
      const run = once({ ...setting, operation: 'orders' })
      return {
        call: (key, handler, remaining = LONG) =>
          run({ key, tenant: 't', payload: 1, context: contextOf(remaining) }, async (claim) => handler(claim)).then(
            ({ value }) => shown(value),
            namedThrow,
          ),
      }
    },
  },
  {
    name: 'SQS',
    told: { answer: () => 'acknowledged', thrown: () => 'returned', unavailable: 'returned' },
    open: (setting) => {
      const events = new Map<string, ReturnType<typeof anEvent>>()
      return {
        call: async (key, handler, remaining = LONG) => {
          const seen = events.get(key)
          const event = seen === undefined ? anEvent(aRecord(key)) : redelivered(seen)
          events.set(key, event)
          const options = { ...setting, operation: 'orders', tenant: 'single-tenant' as const, onError: () => {} }
          const batch = sqsHandler<Order>((_order, claim) => handler(claim), {
            ...options,
            key: ({ orderId }) => orderId,
          })
          const ids = returned(await batch(event, contextOf(remaining)))
          return ids.length === 0 ? 'acknowledged' : 'returned'
        },
      }
    },
  },
]

/** Never ends while a test runs. */
export const hang = (): Promise<unknown> => sleep(20_000, undefined, { ref: false })
