import type { ServerResponse } from 'node:http'

/** A response of the page's server. */
export interface PageAnswer {
  readonly status: number
  readonly type: string
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

/** The page loads nothing but its own files, runs no inline script, and is in no frame. What it shows is kept nowhere. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
}

export const json = (status: number, value: unknown): PageAnswer => ({
  status,
  type: 'application/json',
  body: JSON.stringify(value),
})

export const refused = (
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): PageAnswer => ({
  status,
  type: 'text/plain; charset=utf-8',
  body: `${message}\n`,
  headers,
})

export const sendPage = (response: ServerResponse, { status, type, body, headers = {} }: PageAnswer): void => {
  response.writeHead(status, { ...PAGE_HEADERS, 'content-type': type, ...headers }).end(body)
}
