import type { HmacProvider } from '../provider.ts'

/** docs.stripe.com/webhooks: "Verify webhook signatures manually", "Automatic retries". */
export const stripe: HmacProvider = Object.freeze({
  name: 'stripe',
  algorithm: 'sha256',
  encoding: 'hex',
  signature: { header: 'stripe-signature', separator: ',', prefix: 'v1=' },
  signed: '{timestamp}.{body}',
  timestamp: { item: 't=' },
  secret: 'text',
  eventId: { member: 'id' },
  toleranceSeconds: 300,
  /** 30 days: `stripe events resend` takes events of the last 30 days. Stripe itself retries for three. */
  redeliversForSeconds: 2_592_000,
})
