import type { Store } from '../../lib/core/record/store.ts'
import { type Runtime, systemRuntime } from '../../lib/core/runtime.ts'
import { epochMillis } from '../../lib/core/time.ts'
import { memoryStore } from '../../lib/memory/index.ts'
import { type WebhookOptions, webhook } from '../../lib/webhooks/index.ts'
import { contextWith, type EVENT_KINDS } from '../support/http-events.ts'
import { type Answered, answered } from '../support/http-harness.ts'
import { arriving, type Wire } from './sender.ts'

/** A store that fails the test if anything is asked of it. */
export const untouched = (): Store =>
  new Proxy(memoryStore(), {
    get: (store, name) => {
      const member: unknown = Reflect.get(store, name)
      if (typeof member !== 'function' || name === 'outcomeRoom') return member
      return () => {
        throw new Error(`The store was called before the signature was checked: ${String(name)}`)
      }
    },
  })

export const at = (seconds: number): Runtime => ({ ...systemRuntime, now: () => epochMillis(seconds * 1_000) })

export interface Heard {
  readonly bodies: string[]
  readonly handle: (event: unknown) => Promise<Answered>
  readonly send: (wire: Wire, kind?: (typeof EVENT_KINDS)[number], isBase64?: boolean) => Promise<Answered>
}

export const receiver = (
  over: Pick<WebhookOptions<unknown>, 'provider' | 'secrets'> & Partial<WebhookOptions<unknown>>,
): Heard => {
  const bodies: string[] = []
  const options: WebhookOptions<unknown> = {
    store: memoryStore(),
    operation: 'events',
    tenant: 'single-tenant',
    ...over,
  }
  const handler = webhook(({ body }) => void bodies.push(body), options)
  const handle: Heard['handle'] = async (event) => answered(await handler(event, contextWith()))
  return { bodies, handle, send: (wire, kind, isBase64) => handle(arriving(wire, kind, isBase64)) }
}

export const codeOf = ({ body }: Answered): string => (JSON.parse(body) as { code: string }).code

export const seconds = (): number => Math.floor(Date.now() / 1_000)
