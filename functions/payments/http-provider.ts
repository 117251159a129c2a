import type { Charge, Charged, Provider } from './charge.ts'

/** Statuses whose reason the client gets: an invalid field, a declined card, and a provider that is down. */
const PASSED_ON: ReadonlySet<number> = new Set([400, 402, 503])

/**
 * Talks to a provider over HTTP. A lost connection and an unexpected answer throw: the charge may have been made. So
 * does 409, with which the provider says that an earlier request with this key is still at work.
 */
export const httpProvider = (url: string): Provider => ({
  charge: async (key, order, signal) => {
    const response = await fetch(`${url}/charges`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify(order),
      signal: signal ?? null,
    })
    return chargedOf(response.status, await response.text())
  },
  find: async (key, signal) => {
    const response = await fetch(`${url}/charges?${new URLSearchParams({ key })}`, { signal: signal ?? null })
    const text = await response.text()
    if (response.status !== 200) throw unexpected(response.status, text)
    const { charges } = JSON.parse(text) as { readonly charges: readonly Charge[] }
    return charges[0]
  },
})

const chargedOf = (status: number, text: string): Charged => {
  if (status === 201) return { kind: 'charged', charge: JSON.parse(text) as Charge }
  if (!PASSED_ON.has(status)) throw unexpected(status, text)
  const { field, value, rule } = (JSON.parse(text) as { error: { field: string; value?: unknown; rule: string } }).error
  return { kind: 'refused', statusCode: status, field, value, rule }
}

const unexpected = (status: number, text: string): Error =>
  new Error(`The payment provider answered ${status}: ${text.slice(0, 200)}`)
