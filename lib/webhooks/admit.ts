import { IdempotencyError } from '../core/errors.ts'
import { deriveFingerprint, type Fingerprint } from '../core/identity/fingerprint.ts'
import { canonicalPayload } from '../core/identity/payload.ts'
import { tenantOf } from '../core/identity/tenant.ts'
import { isObject } from '../core/option-rules.ts'
import type { EpochMillis } from '../core/time.ts'
import { chosenKey, keyOf } from '../http/chosen-key.ts'
import type { ParsedKey } from '../http/key-header.ts'
import { type ClientError, isClientError } from '../http/problem.ts'
import type { HttpResponse } from '../http/response.ts'
import type { AdmissionSettings } from './admission-options.ts'
import { eventOf, headerOf, type ReceivedDelivery, type VerifiedDelivery, type WebhookDelivery } from './delivery.ts'
import { secretsFor } from './secrets.ts'
import { type Verdict, verify } from './verify.ts'

/** What becomes of a delivery before anything is stored or sent. */
export type Admission<TEvent> =
  | {
      readonly kind: 'admitted'
      readonly delivery: WebhookDelivery<TEvent>
      readonly tenant: string
      readonly fingerprint: Fingerprint
    }
  /** It only checked the endpoint. */
  | { readonly kind: 'handshake'; readonly answer: HttpResponse }
  | { readonly kind: 'refused'; readonly error: IdempotencyError }
  /** An option, such as `tenant`, threw an error that is meant for the sender. */
  | { readonly kind: 'denied'; readonly error: ClientError }

/** The payload of an event whose id says all. A queued event has the same one. */
export const NOTHING = null

/** Checks the signature, and finds key and tenant. Calls no store. */
export const admit = async <TEvent>(
  settings: AdmissionSettings<TEvent>,
  received: ReceivedDelivery,
  now: EpochMillis,
): Promise<Admission<TEvent>> => {
  const { provider, tolerance } = settings
  const secrets = await secretsFor(settings.where, provider, settings.secrets, received)
  const verdict = await verify(provider, received, secrets, { now, tolerance })
  if (verdict !== 'verified') return { kind: 'refused', error: refusalOf(verdict) }
  const verified = { ...received, provider: provider.name, event: eventOf(received) as TEvent }
  const answer = provider.handshake?.(verified)
  return answer === undefined ? identified(settings, verified) : { kind: 'handshake', answer }
}

const refusalOf = (verdict: Exclude<Verdict, 'verified'>): IdempotencyError =>
  verdict === 'stale'
    ? new IdempotencyError('webhook-stale', 'The timestamp of the delivery is too far from now')
    : new IdempotencyError('signature-invalid', 'No signature of the delivery is valid')

const identified = async <TEvent>(
  settings: AdmissionSettings<TEvent>,
  verified: VerifiedDelivery<TEvent>,
): Promise<Admission<TEvent>> => {
  try {
    const id = keyOf(keyFor(settings, verified), `the id of the event (${settings.provider.name})`)
    const delivery = { ...verified, id }
    const tenant = await tenantOf(settings.tenant, verified)
    return { kind: 'admitted', delivery, tenant, fingerprint: fingerprintOf(settings, delivery) }
  } catch (error) {
    if (error instanceof IdempotencyError) return { kind: 'refused', error }
    if (isClientError(error)) return { kind: 'denied', error }
    throw error
  }
}

const fingerprintOf = <TEvent>(
  { payload }: AdmissionSettings<TEvent>,
  delivery: WebhookDelivery<TEvent>,
): Fingerprint => {
  const covered = payload === undefined ? NOTHING : payload(delivery)
  return deriveFingerprint([{ kind: 'canonical', text: canonicalPayload(covered) }])
}

const keyFor = <TEvent>(
  { key, provider: { eventId } }: AdmissionSettings<TEvent>,
  verified: VerifiedDelivery<TEvent>,
): ParsedKey => {
  if (key !== undefined) return chosenKey(key(verified))
  if (typeof eventId === 'function') return chosenKey(eventId(verified))
  if ('header' in eventId) return chosenKey(headerOf(verified, eventId.header))
  return memberKey(verified.event, eventId.member)
}

/** What the sender wrote there is no mistake of an option. */
const memberKey = (event: unknown, member: string): ParsedKey => {
  const id = isObject(event) && Object.hasOwn(event, member) ? event[member] : undefined
  return typeof id === 'string' || Number.isSafeInteger(id) || id === undefined || id === null
    ? chosenKey(id)
    : { kind: 'invalid', rule: `the member ${JSON.stringify(member)} must be a text or an integer` }
}
