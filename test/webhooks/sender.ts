import { createHmac, randomUUID } from 'node:crypto'
import { github, shopify, slack, standardWebhooks, stripe, type WebhookProvider } from '../../lib/webhooks/index.ts'
import type { EVENT_MAKERS, TestEvent, TestEventKind } from '../support/http-events.ts'
import { EVENT_MAKERS as MAKERS } from '../support/http-events.ts'

/** A delivery, as it goes over the wire. */
export interface Wire {
  readonly headers: readonly (readonly [string, string])[]
  readonly body: string
}

export interface Sending {
  /** Each signs the delivery, in this order. */
  readonly secrets: readonly string[]
  readonly id: string
  readonly body?: string
  /** Epoch seconds. */
  readonly at?: number
}

/** A sender, written from its documentation and not from the code under test. */
export interface TestSender {
  readonly provider: WebhookProvider
  readonly secret: string
  readonly otherSecret: string
  /** Whether the signature covers a timestamp. */
  readonly isTimed: boolean
  /** Whether the id is in the body. */
  readonly bodyOf: (id: string) => string
  readonly send: (sending: Sending) => Wire
}

const nowSeconds = (): number => Math.floor(Date.now() / 1_000)

const hmac = (secret: string | Buffer, text: string, encoding: 'hex' | 'base64'): string =>
  createHmac('sha256', secret).update(text).digest(encoding)

const JSON_TYPE = ['Content-Type', 'application/json'] as const

const raw = (secret: string): Buffer => Buffer.from(secret.replace('whsec_', ''), 'base64')

const withoutId = (): string => '{"amount":1999,"note":"Café"}'

export const SENDERS: Readonly<Record<string, TestSender>> = {
  stripe: {
    provider: stripe,
    secret: 'whsec_first',
    otherSecret: 'whsec_second',
    isTimed: true,
    bodyOf: (id) => `{\n  "id": "${id}",\n  "type": "invoice.paid",\n  "note": "Café"\n}`,
    send: ({ secrets, id, body = SENDERS.stripe?.bodyOf(id) ?? '', at = nowSeconds() }) => ({
      headers: [
        JSON_TYPE,
        [
          'Stripe-Signature',
          [`t=${at}`, ...secrets.map((secret) => `v1=${hmac(secret, `${at}.${body}`, 'hex')}`), 'v0=abc'].join(','),
        ],
      ],
      body,
    }),
  },
  github: {
    provider: github,
    secret: 'first',
    otherSecret: 'second',
    isTimed: false,
    bodyOf: withoutId,
    send: ({ secrets, id, body = withoutId() }) => ({
      headers: [
        JSON_TYPE,
        ['X-GitHub-Delivery', id],
        ['X-GitHub-Event', 'push'],
        ['X-Hub-Signature-256', `sha256=${hmac(secrets[0] ?? '', body, 'hex')}`],
      ],
      body,
    }),
  },
  shopify: {
    provider: shopify,
    secret: 'first',
    otherSecret: 'second',
    isTimed: false,
    bodyOf: withoutId,
    send: ({ secrets, id, body = withoutId() }) => ({
      headers: [
        JSON_TYPE,
        ['X-Shopify-Webhook-Id', id],
        ['X-Shopify-Topic', 'orders/create'],
        ['X-Shopify-Hmac-SHA256', hmac(secrets[0] ?? '', body, 'base64')],
      ],
      body,
    }),
  },
  slack: {
    provider: slack,
    secret: 'first',
    otherSecret: 'second',
    isTimed: true,
    bodyOf: (id) => `{"type":"event_callback","event_id":"${id}","note":"Café"}`,
    send: ({ secrets, id, body = SENDERS.slack?.bodyOf(id) ?? '', at = nowSeconds() }) => ({
      headers: [
        JSON_TYPE,
        ['X-Slack-Request-Timestamp', String(at)],
        ['X-Slack-Signature', `v0=${hmac(secrets[0] ?? '', `v0:${at}:${body}`, 'hex')}`],
      ],
      body,
    }),
  },
  'standard-webhooks': {
    provider: standardWebhooks,
    secret: `whsec_${Buffer.alloc(24, 1).toString('base64')}`,
    otherSecret: `whsec_${Buffer.alloc(32, 2).toString('base64')}`,
    isTimed: true,
    bodyOf: withoutId,
    send: ({ secrets, id, body = withoutId(), at = nowSeconds() }) => ({
      headers: [
        JSON_TYPE,
        ['webhook-id', id],
        ['webhook-timestamp', String(at)],
        [
          'webhook-signature',
          ['v1a,abc', ...secrets.map((secret) => `v1,${hmac(raw(secret), `${id}.${at}.${body}`, 'base64')}`)].join(' '),
        ],
      ],
      body,
    }),
  },
}

export const senders: readonly (readonly [string, TestSender])[] = Object.entries(SENDERS)

export const anId = (): string => `evt_${randomUUID()}`

/** The event that a front makes of a delivery. */
export const arriving = (wire: Wire, kind: TestEventKind = 'http-api', isBase64 = false): TestEvent =>
  (MAKERS as typeof EVENT_MAKERS)[kind]({
    path: '/hooks',
    headers: wire.headers,
    body: isBase64 ? Buffer.from(wire.body).toString('base64') : wire.body,
    isBase64Encoded: isBase64,
  })

/** The delivery with one header in place of another, or without it. */
export const withHeader = ({ headers, body }: Wire, name: string, value: string | undefined): Wire => ({
  body,
  headers: [
    ...headers.filter(([given]) => given.toLowerCase() !== name.toLowerCase()),
    ...(value === undefined ? [] : [[name, value] as const]),
  ],
})

export const headerIn = ({ headers }: Wire, name: string): string =>
  headers.find(([given]) => given.toLowerCase() === name.toLowerCase())?.[1] ?? ''

/** The header that has the signatures. */
export const signatureHeader = ({ provider }: TestSender): string =>
  'signature' in provider ? provider.signature.header : ''
