import type { HmacProvider } from '../provider.ts'

/** shopify.dev: "Verify webhook deliveries", "Webhooks delivery structure", changelog of 2024-09-10. */
export const shopify: HmacProvider = Object.freeze({
  name: 'shopify',
  algorithm: 'sha256',
  encoding: 'base64',
  signature: { header: 'x-shopify-hmac-sha256' },
  signed: '{body}',
  secret: 'text',
  /** The id of the delivery, which its retries keep. */
  eventId: { header: 'x-shopify-webhook-id' },
  /** Eight retries within four hours. */
  redeliversForSeconds: 14_400,
  answersWithinSeconds: 5,
  keptHeaders: [
    'x-shopify-topic',
    'x-shopify-shop-domain',
    'x-shopify-api-version',
    'x-shopify-event-id',
    'x-shopify-triggered-at',
  ],
})
