import type { VerifiedDelivery } from '../delivery.ts'
import type { HmacProvider } from '../provider.ts'

/** docs.github.com: "Validating webhook deliveries", "Best practices for using webhooks", "Redelivering webhooks". */
export const github: HmacProvider = Object.freeze({
  name: 'github',
  algorithm: 'sha256',
  encoding: 'hex',
  signature: { header: 'x-hub-signature-256', prefix: 'sha256=' },
  signed: '{body}',
  secret: 'text',
  /** The id of the delivery. A redelivery has the same one. */
  eventId: { header: 'x-github-delivery' },
  /** Three days: GitHub never retries by itself, and redelivers on request for that long. */
  redeliversForSeconds: 259_200,
  answersWithinSeconds: 10,
  keptHeaders: ['x-github-event', 'x-github-hook-id', 'x-github-hook-installation-target-id'],
  /** GitHub sends it when the webhook is made. */
  handshake: ({ headers }: VerifiedDelivery) =>
    headers['x-github-event'] === 'ping' ? { statusCode: 200, body: 'pong' } : undefined,
})
