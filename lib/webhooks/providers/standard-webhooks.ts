import type { HmacProvider } from '../provider.ts'

/**
 * The specification of Standard Webhooks, "Signature scheme" and "Deliverability and reliability". A symmetric signature
 * (`v1`, HMAC-SHA256) is checked with the secrets (`whsec_`) only, and an asymmetric one (`v1a`, Ed25519) with the public
 * keys (`whpk_`) only. A signature of any other version is skipped.
 */
export const standardWebhooks: HmacProvider = Object.freeze({
  name: 'standard-webhooks',
  algorithm: 'sha256',
  encoding: 'base64',
  signature: { header: 'webhook-signature', separator: ' ', prefix: 'v1,', ed25519Prefix: 'v1a,' },
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
