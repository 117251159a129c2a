/** A browser opens six connections to one server, so the server itself sends what has to arrive at once. */
const BURST = 20

export interface BurstRequest {
  readonly key: string
  readonly body: string
}

/** How many of the requests got which answer, such as `201 created`. */
export type BurstCounts = Readonly<Record<string, number>>

/** Sends the same payment many times at once to the API at `url`. */
export const burst = async (url: string, { key, body }: BurstRequest, merchant: string): Promise<BurstCounts> => {
  const answers = await Promise.all(Array.from({ length: BURST }, () => answerTo(url, key, body, merchant)))
  const counts: Record<string, number> = {}
  for (const answer of answers) counts[answer] = (counts[answer] ?? 0) + 1
  return counts
}

const answerTo = async (url: string, key: string, body: string, merchant: string): Promise<string> => {
  const headers = { 'x-merchant-id': merchant, 'idempotency-key': key, 'content-type': 'application/json' }
  const response = await fetch(`${url}/payments`, { method: 'POST', headers, body })
  const said = response.headers.get('idempotency-status')
  const { code } = (await response.json()) as { readonly code?: string }
  return `${response.status} ${said ?? code ?? ''}`.trim()
}

/** `undefined` for anything else. */
export const readBurst = (text: string): BurstRequest | undefined => {
  try {
    const { key, body } = JSON.parse(text) as Partial<BurstRequest>
    return typeof key === 'string' && /^[\w-]{1,100}$/.test(key) && typeof body === 'string' ? { key, body } : undefined
  } catch {
    return undefined
  }
}
