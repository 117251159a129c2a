import { subscribe } from 'node:diagnostics_channel'
import type { ClientRequest } from 'node:http'
import { CHANNEL, type IdempotencyEvent } from '../../lib/core/events.ts'
import type { SeenInside } from './seen.ts'

/**
 * Tells the layer's events and the outgoing requests of this process, for the timeline. It listens to
 * `node:diagnostics_channel`, so the function's own code is the one that is deployed.
 */
export const watchInside = (tell: (seen: SeenInside) => void): void => {
  subscribe(CHANNEL, (event) => tell({ type: 'event', at: Date.now(), event: event as IdempotencyEvent }))
  const { began, ended } = callsTo(tell)

  // The AWS SDK sends with node:http.
  subscribe('http.client.request.start', (message) => {
    const { request } = message as { request: ClientRequest }
    began(request, {
      to: 'database',
      name: String(request.getHeader('x-amz-target') ?? request.path).replace(/^.*\./, ''),
    })
  })
  subscribe('http.client.response.finish', (message) => ended((message as { request: object }).request, false))
  subscribe('http.client.request.error', (message) => ended((message as { request: object }).request, true))

  // The example calls its provider with fetch.
  subscribe('undici:request:create', (message) => {
    const { request } = message as { request: { readonly method: string; readonly path: string } }
    began(request, { to: 'other', name: `${request.method} ${lastSegment(request.path)}` })
  })
  subscribe('undici:request:trailers', (message) => ended((message as { request: object }).request, false))
  subscribe('undici:request:error', (message) => ended((message as { request: object }).request, true))
}

const callsTo = (tell: (seen: SeenInside) => void) => {
  const numbers = new WeakMap<object, number>()
  let last = 0
  return {
    began: (request: object, what: { readonly to: 'database' | 'other'; readonly name: string }): void => {
      last += 1
      numbers.set(request, last)
      tell({ type: 'called', at: Date.now(), call: last, ...what })
    },
    ended: (request: object, failed: boolean): void => {
      const call = numbers.get(request)
      if (call !== undefined) tell({ type: 'answered', at: Date.now(), call, failed })
    },
  }
}

/** The path without what is in front of it on this machine, and without its query. */
const lastSegment = (path: string): string => path.replace(/\?.*$/, '').replace(/^.*(?=\/)/, '')
