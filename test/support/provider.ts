import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request as a provider sees it. */
export interface ProviderRequest {
  readonly method: string
  readonly url: URL
  readonly headers: IncomingMessage['headers']
  /** As JSON, or as form fields. */
  readonly body: Readonly<Record<string, unknown>>
  readonly text: string
}

/** What a provider did, such as a charge. */
export interface Effect {
  readonly id: string
  readonly key: string
  readonly request: ProviderRequest
}

/**
 * What happens to the next request that has an effect. `lost`: the effect happens, and the connection breaks before the
 * answer. `dropped`: the connection breaks, and nothing happens. A number: nothing happens, and this is the status.
 */
export type Fate = 'lost' | 'dropped' | number

/** How a provider differs from others. */
export interface ProviderRules {
  readonly keyOf: (request: ProviderRequest) => unknown
  /** The provider sends this answer again to the same key. `false`: it has no keys. */
  readonly remembers: (status: number) => boolean
  readonly answer: (effect: Effect) => unknown
  readonly refusal?: (status: number) => unknown
  /** The status of the answer to the same key with another body. */
  readonly mismatch: number
  readonly list?: (effects: readonly Effect[], request: ProviderRequest) => unknown
}

export interface Provider {
  readonly url: string
  /** Oldest first. */
  readonly effects: Effect[]
  /** The requests that asked for an effect, oldest first. */
  readonly asked: ProviderRequest[]
  readonly keyOf: (request: ProviderRequest) => unknown
  next(fate: Fate): void
  close(): void
}

interface Remembered {
  readonly text: string
  readonly status: number
  readonly answer: unknown
}

/** A local server that behaves like a provider with idempotency keys. */
export const startProvider = async (rules: ProviderRules): Promise<Provider> => {
  const effects: Effect[] = []
  const asked: ProviderRequest[] = []
  const fates: Fate[] = []
  const memory = new Map<unknown, Remembered>()

  const act = (request: ProviderRequest, fate: Fate | undefined): Remembered => {
    const key = rules.keyOf(request)
    const { text } = request
    const before = memory.get(key)
    if (before !== undefined && before.text !== text) return refusalOf(rules, text, rules.mismatch)
    if (before !== undefined) return before
    const made = typeof fate === 'number' ? refusalOf(rules, text, fate) : effectOf(request, String(key))
    if (rules.remembers(made.status)) memory.set(key, made)
    return made
  }

  const effectOf = (request: ProviderRequest, key: string): Remembered => {
    const effect = { id: `effect_${effects.length + 1}`, key, request }
    effects.push(effect)
    return { text: request.text, status: 200, answer: rules.answer(effect) }
  }

  const serve = async (incoming: IncomingMessage, response: ServerResponse): Promise<unknown> => {
    const request = await read(incoming)
    if (request.method === 'GET') return send(response, 200, rules.list?.(effects, request))
    asked.push(request)
    const fate = fates.shift()
    if (fate === 'dropped') return incoming.socket.destroy()
    const { status, answer } = act(request, fate)
    return fate === 'lost' ? incoming.socket.destroy() : send(response, status, answer)
  }

  const server = createServer((incoming, response) => void serve(incoming, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    effects,
    asked,
    keyOf: rules.keyOf,
    next: (fate) => fates.push(fate),
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

const refusalOf = ({ refusal }: ProviderRules, text: string, status: number): Remembered => ({
  text,
  status,
  answer: refusal?.(status) ?? { error: { code: status } },
})

const send = (response: ServerResponse, status: number, answer: unknown): unknown =>
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer))

const read = async (incoming: IncomingMessage): Promise<ProviderRequest> => {
  let text = ''
  for await (const chunk of incoming) text += chunk
  const { method = '', headers, url = '' } = incoming
  const isForm = headers['content-type']?.startsWith('application/x-www-form-urlencoded')
  const body = isForm ? Object.fromEntries(new URLSearchParams(text)) : JSON.parse(text || '{}')
  return { method, url: new URL(url, 'http://provider'), headers, body, text }
}
