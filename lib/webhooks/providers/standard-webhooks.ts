import type { HmacProvider } from '../provider.ts'

/**
 * The specification of Standard Webhooks, "Signature scheme" and "Deliverability and reliability". Its symmetric
 * signatures (`v1`) are checked, and its asymmetric ones (`v1a`) are skipped.
 */
export const standardWebhooks: HmacProvider = Object.freeze({
  name: 'standard-webhooks',
  algorithm: 'sha256',
  encoding: 'base64',
  signature: { header: 'webhook-signature', separator: ' ', prefix: 'v1,' },
  signed: '{id}.{timestamp}.{body}',
  timestamp: { header: 'webhook-timestamp' },
  secret: 'base64',
  eventId: { header: 'webhook-id' },
  /** What the libraries of the specification use. */
  toleranceSeconds: 300,
  /** The last attempt of the example schedule, after 75 h 35 min 5 s. */
  redeliversForSeconds: 272_105,
  /** The specification recommends 15 to 30 s. */
  answersWithinSeconds: 15,
})
