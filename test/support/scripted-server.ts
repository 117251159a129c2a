import type { ClientRuntime, FetchOptions } from '../../lib/client/index.ts'
import { type VirtualTime, virtualTime } from './virtual-time.ts'

/** What happens to one attempt: an answer, an error of the network, or no answer at all. */
export type Fate = Response | Error | 'silence' | ((sent: Sent) => Fate | Promise<Fate>)

/** One attempt, as the server gets it. */
export interface Sent {
  readonly url: string
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** When it was sent, in milliseconds after the first attempt. */
  readonly at: number
}

export interface ScriptedServer {
  readonly time: VirtualTime
  readonly sent: readonly Sent[]
  /** The `fetch` and `runtime` of a client. Its jitter is half of the bound, and its keys are numbered. */
  readonly options: { readonly fetch: NonNullable<FetchOptions['fetch']>; readonly runtime: ClientRuntime }
}

/** A server that plays one fate for each attempt, the last one again and again. */
export const scriptedServer = (...fates: readonly Fate[]): ScriptedServer => {
  const time = virtualTime()
  const sent: Sent[] = []
  let first: number | undefined
  let keys = 0

  const play = async (fate: Fate, attempt: Sent, signal: AbortSignal): Promise<Response> => {
    if (typeof fate === 'function') return play(await fate(attempt), attempt, signal)
    if (fate instanceof Error) throw fate
    if (fate !== 'silence') return fate.clone() as Response
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
  }

  return {
    time,
    sent,
    options: {
      fetch: async (url, init) => {
        first ??= time.now()
        const request = new Request(new URL(url, 'https://shop.example'), init)
        const { method, headers } = request
        const attempt = {
          url,
          method,
          headers: Object.fromEntries(headers),
          body: await request.text(),
          at: time.now() - first,
        }
        sent.push(attempt)
        return play(fates[Math.min(sent.length, fates.length) - 1] ?? 'silence', attempt, request.signal)
      },
      runtime: {
        now: time.now,
        sleep: time.sleep,
        random: () => 0.5,
        randomKey: () => `key-${++keys}`,
      },
    },
  }
}

/** An answer of a handler behind the layer. */
export const answer = (status: number, mark?: string, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify({ status }), {
    status,
    headers: {
      'content-type': 'application/json',
      ...(mark === undefined ? {} : { 'idempotency-status': mark }),
      ...headers,
    },
  })

/** A problem of the layer, or of another server if it has no `code`. */
export const problem = (
  status: number,
  body: Readonly<Record<string, unknown>>,
  headers: Record<string, string> = {},
): Response =>
  new Response(JSON.stringify({ status, ...body }), {
    status,
    headers: { 'content-type': 'application/problem+json', ...headers },
  })
