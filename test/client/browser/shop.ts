import { readFileSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { join } from 'node:path'
import { build } from 'esbuild'
import { allowOrigins, idempotent } from '../../../lib/http/index.ts'
import { memoryStore } from '../../../lib/memory/index.ts'
import type { Invoked } from '../../../local/functions/invoked.ts'
import { gateway } from '../../../local/gateway/gateway.ts'
import type { HttpApiEvent } from '../../../local/gateway/request-event.ts'
import { listen } from '../../../local/listen.ts'
import { ROOT } from '../../support/doc-blocks.ts'
import { gate } from '../../support/http-harness.ts'
import { type HttpProxy, httpProxy } from '../../support/http-proxy.ts'

/** A shop with a page that uses the client, and an API behind it that uses the layer. */
export interface Shop {
  /** The page and its API have one origin, behind a proxy that makes faults. */
  readonly proxy: HttpProxy
  /** The API at another origin, without the proxy. Only pages at `proxy.url` may read its answers. */
  readonly otherOrigin: string
  /** The bodies of all runs of the handler, oldest first. */
  readonly runs: readonly string[]
  /** From now on each run waits until `resume`. */
  pause(): void
  resume(): void
  close(): Promise<void>
}

const PAGE = `<!doctype html>
<title>Shop</title>
<script type="importmap">{ "imports": { "lambda-once/client": "/client.js" } }</script>
<script type="module" src="/shop.mjs"></script>`

const SECONDS = 20

export const startShop = async (): Promise<Shop> => {
  const runs: string[] = []
  let held = gate()
  held.open()
  let origin = 'http://127.0.0.1:1'

  const handler = idempotent(
    async ({ body = '' }: HttpApiEvent) => {
      runs.push(body)
      await held.opened
      return { statusCode: 201, body: JSON.stringify({ run: runs.length }) }
    },
    {
      store: memoryStore(),
      operation: 'payments',
      tenant: 'single-tenant',
      cors: {
        addTo: (headers, from) => allowOrigins({ origins: [origin] }).addTo(headers, from),
      },
    },
  )
  const invoke = async (event: unknown): Promise<Invoked> => ({
    kind: 'returned',
    result: await handler(event as HttpApiEvent, { getRemainingTimeInMillis: () => SECONDS * 1_000 }),
  })
  const routes = [{ routeKey: 'POST /payments', functionName: 'pay' }]
  const api = gateway({ routes, functions: new Map([['pay', { invoke }]]) })

  const files = new Map([
    ['/', ['text/html', PAGE]],
    ['/shop.mjs', ['text/javascript', readFileSync(join(ROOT, 'test/client/browser/shop.mjs'), 'utf8')]],
    ['/client.js', ['text/javascript', await clientBundle()]],
  ])
  const listener: RequestListener = (request, response) => {
    const [type, text] = files.get(request.url ?? '') ?? []
    if (type !== undefined) return void response.setHeader('content-type', type).end(text)
    if (request.method === 'OPTIONS') return void response.writeHead(204, preflight(origin)).end()
    // In place of an authorizer.
    request.rawHeaders.push('x-merchant-id', 'acme')
    api(request, response)
  }
  const { server, url } = await listen(0, listener)
  const proxy = await httpProxy(url)
  origin = proxy.url
  return {
    proxy,
    otherOrigin: url,
    runs,
    pause: () => {
      held = gate()
    },
    resume: () => held.open(),
    close: async () => {
      held.open()
      await proxy.close()
      server.closeAllConnections()
      server.close()
    },
  }
}

/** As docs/http.md says. */
const preflight = (origin: string): Readonly<Record<string, string>> => ({
  'access-control-allow-origin': origin,
  'access-control-allow-methods': 'POST',
  'access-control-allow-headers': 'Idempotency-Key, Content-Type',
})

const clientBundle = async (): Promise<string> => {
  const entry = join(ROOT, 'lib/client/index.ts')
  const made = await build({ entryPoints: [entry], bundle: true, write: false, format: 'esm', platform: 'browser' })
  return made.outputFiles[0]?.text ?? ''
}
