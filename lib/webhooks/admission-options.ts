import { aTenant, type TenantChoice } from '../core/identity/tenant.ts'
import { DEFAULT_TOLERANCE_SECONDS, MAX_TOLERANCE_SECONDS } from '../core/limits.ts'
import { aFunction, integerBetween, OptionError, type Rules } from '../core/option-rules.ts'
import { fromSeconds, type Millis } from '../core/time.ts'
import type { Problem } from '../http/problem.ts'
import type { ReceivedDelivery, VerifiedDelivery, WebhookDelivery } from './delivery.ts'
import { hasTimestamp, type WebhookProvider } from './provider.ts'
import { aProvider } from './provider-rule.ts'
import { checkSecrets, type SecretsChoice, someSecrets } from './secrets.ts'

/** What `webhook` and `webhookToQueue` both need: who sends, how it signs, and what the key is. */
export interface AdmissionOptions<TEvent> {
  /**
   * Who sends: `standardWebhooks`, `stripe`, `github`, `shopify`, `slack`, your own row for another sender that signs
   * with an HMAC, or an object with a function `verify`.
   */
  readonly provider: WebhookProvider
  /**
   * The secrets that the sender may sign with: while you rotate a secret, the old and the new one. Or a function that
   * finds them, which may be asynchronous. It gets a delivery whose signature is not checked yet. For `standardWebhooks`
   * a public key (`whpk_`) may stand for a secret.
   *
   * @example
   * secrets: [process.env.STRIPE_WEBHOOK_SECRET]
   */
  readonly secrets: SecretsChoice
  /**
   * Whose event it is: a function of the verified delivery, which may be asynchronous, or the literal `'single-tenant'`.
   * Use a function if `secrets` is one that has secrets of several customers: a customer could otherwise use up the ids of
   * another one.
   */
  readonly tenant: TenantChoice<VerifiedDelivery<TEvent>>
  /**
   * How far the sender's timestamp may be from now, in either direction, in seconds: an integer from 1 to 600. A delivery
   * that is farther off is `webhook-stale` (400). Not allowed for senders without a timestamp.
   *
   * @default the provider's: 300
   */
  readonly toleranceSeconds?: number | undefined
  /**
   * The key, if it is not the sender's id: a function of the verified delivery. The bounds are those of an idempotency
   * key.
   *
   * @default the provider's `eventId`
   */
  readonly key?: ((delivery: VerifiedDelivery<TEvent>) => string | number | null | undefined) | undefined
  /**
   * The URL of a page that describes the problems. It is sent as `Link: <docsUrl#code>; rel="describedby"`.
   * @default no header
   */
  readonly docsUrl?: string | undefined
  /**
   * Makes the answer to a problem. If it answers `undefined` or `null`, the layer's own answer is sent.
   * @default `application/problem+json` (RFC 9457)
   */
  readonly problem?: ((problem: Problem, delivery: ReceivedDelivery) => unknown) | undefined
}

/** {@link AdmissionOptions}, checked, with defaults. */
export interface AdmissionSettings<TEvent>
  extends Pick<AdmissionOptions<TEvent>, 'provider' | 'secrets' | 'tenant' | 'key' | 'docsUrl' | 'problem'> {
  readonly where: string
  readonly tolerance: Millis
  /** What the fingerprint covers. */
  readonly payload: ((delivery: WebhookDelivery<TEvent>) => unknown) | undefined
}

export const ADMISSION_RULES: Rules = {
  provider: { required: true, rule: aProvider },
  secrets: { required: true, secret: true, rule: someSecrets },
  tenant: { required: true, rule: aTenant('delivery') },
  toleranceSeconds: { rule: integerBetween(1, MAX_TOLERANCE_SECONDS) },
  key: { rule: aFunction },
}

/** The options have passed their rules. Throws `OptionError` if two of them contradict each other. */
export const readAdmission = <TEvent>(
  where: string,
  options: AdmissionOptions<TEvent>,
  payload?: AdmissionSettings<TEvent>['payload'],
): AdmissionSettings<TEvent> => {
  const { provider, secrets, tenant, key, docsUrl, problem, toleranceSeconds } = options
  if (toleranceSeconds !== undefined && !hasTimestamp(provider)) {
    const rule = `is ${toleranceSeconds}; it must be absent for ${provider.name}, which signs no timestamp`
    throw new OptionError(where, 'toleranceSeconds', rule)
  }
  checkSecrets(where, provider, secrets)
  const tolerance = fromSeconds(toleranceSeconds ?? provider.toleranceSeconds ?? DEFAULT_TOLERANCE_SECONDS)
  return { where, provider, secrets, tenant, key, docsUrl, problem, tolerance, payload }
}
