import { isObject } from '../../core/option-rules.ts'
import type { VerifiedDelivery } from '../delivery.ts'
import type { HmacProvider } from '../provider.ts'

/** docs.slack.dev: "Verifying requests from Slack", "The Events API", event `url_verification`. */
export const slack: HmacProvider = Object.freeze({
  name: 'slack',
  algorithm: 'sha256',
  encoding: 'hex',
  signature: { header: 'x-slack-signature', prefix: 'v0=' },
  signed: 'v0:{timestamp}:{body}',
  timestamp: { header: 'x-slack-request-timestamp' },
  secret: 'text',
  eventId: { member: 'event_id' },
  toleranceSeconds: 300,
  /** A day: three retries within minutes, and one an hour for 24 hours if an app has turned on delayed events. */
  redeliversForSeconds: 86_400,
  answersWithinSeconds: 3,
  /** Slack sends it when the URL is entered. */
  handshake: ({ event }: VerifiedDelivery) =>
    isObject(event) && event.type === 'url_verification'
      ? { statusCode: 200, headers: { 'Content-Type': 'text/plain' }, body: String(event.challenge) }
      : undefined,
})
