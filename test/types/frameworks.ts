/** What has to compile, and what must not: checked by the type checker, never run. */
import type { Request, RequestHandler } from 'express'
import { Hono } from 'hono'
import { idempotency as forExpress } from '../../lib/express/index.ts'
import { idempotency as forHono, type HonoOptions } from '../../lib/hono/index.ts'
import type { Store } from '../../lib/index.ts'

interface AppEnv {
  readonly Variables: { readonly merchantId: string }
}
declare const store: Store
const common = { store, operation: 'payments' } as const

const options: HonoOptions<AppEnv> = { ...common, tenant: (c) => c.get('merchantId') }
export const app: unknown = new Hono<AppEnv>()
  .use(forHono<AppEnv>(options))
  .post('/payments', forHono(options), (c) => c.text(''))
// @ts-expect-error without its type the middleware does not know the variables of the application
forHono({ ...common, tenant: (c) => c.get('merchantId') })

export const handlers: readonly RequestHandler[] = [
  forExpress<Request>({ ...common, tenant: (request) => request.get('x-merchant-id') }),
  forExpress({ ...common, tenant: ({ headers }) => String(headers['x-merchant-id']) }),
]
// @ts-expect-error without its type the request is one of Node
forExpress({ ...common, tenant: (request) => request.get('x-merchant-id') })
// @ts-expect-error a framework answers HTTP requests only
forExpress({ ...common, tenant: 'single-tenant', otherEvents: 'pass' })
