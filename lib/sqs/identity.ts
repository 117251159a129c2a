import { IdempotencyError } from '../core/errors.ts'
import type { MessagePart } from '../core/events.ts'
import { deriveFingerprint, type FingerprintPart } from '../core/identity/fingerprint.ts'
import { canonicalPayload } from '../core/identity/payload.ts'
import { deriveRecordKey } from '../core/identity/record-key.ts'
import { tenantOf } from '../core/identity/tenant.ts'
import { type ClaimRequest, type TimedContext, timesOf } from '../core/lifecycle/request.ts'
import { isPointer, publishedText } from './envelope.ts'
import { chosenKey, skip } from './key.ts'
import { messageOf, type SqsMessage } from './message.ts'
import type { SqsSettings } from './options.ts'
import { BodyInvalidError, parseBody } from './parse.ts'
import { copyOf, type SqsRecord } from './record.ts'
import { UnusableMessageError } from './unusable.ts'

/**
 * A message with its identity derived, before any handler runs: what a handler changes later changes no claim. `record`
 * is the layer's own copy; the user's functions get the one that Lambda handed over.
 */
export interface IdentifiedMessage<TBody> {
  readonly kind: 'identified'
  readonly record: SqsRecord
  readonly message: SqsMessage<TBody>
  readonly claimRequest: ClaimRequest
}

export interface Unusable {
  readonly kind: 'unusable'
  readonly record: SqsRecord
  readonly error: UnusableMessageError
}

/** A message that its `key` function wants nothing done about. */
export interface Skipped {
  readonly kind: 'skipped'
  readonly record: SqsRecord
}

/** Never throws: one broken message must not fail the batch. */
export const identify = async <TBody>(
  settings: SqsSettings<TBody>,
  given: SqsRecord,
  context: TimedContext | undefined,
): Promise<IdentifiedMessage<TBody> | Unusable | Skipped> => {
  const record = copyOf(given)
  try {
    const body = await part('body', record, () => parseBody(settings.parse, record.body, given))
    const message = messageOf(given, body)
    // Before the tenant: what is skipped need not have one.
    const key = await part('key', record, () => chosenKey(settings.key, message))
    if (key === skip) return { kind: 'skipped', record }
    const claimRequest = await claimRequestOf(settings, { record, message, key }, context)
    return { kind: 'identified', record, message, claimRequest }
  } catch (error) {
    if (!(error instanceof UnusableMessageError)) throw error
    return { kind: 'unusable', record, error }
  }
}

interface Keyed<TBody> {
  readonly record: SqsRecord
  readonly message: SqsMessage<TBody>
  readonly key: string
}

const claimRequestOf = async <TBody>(
  settings: SqsSettings<TBody>,
  { record, message, key }: Keyed<TBody>,
  context: TimedContext | undefined,
): Promise<ClaimRequest> => {
  const { operation, runtime } = settings.core
  const tenant = await part('tenant', record, () => tenantOf(settings.tenant, message))
  return {
    recordKey: await part('key', record, () => deriveRecordKey({ operation, tenant, key })),
    fingerprint: await part('payload', record, () => deriveFingerprint([covered(settings, record, message)])),
    ...timesOf(context, runtime),
    peekFirst: message.receiveCount > 1,
  }
}

/** What the fingerprint covers. */
const covered = <TBody>(
  { payload }: SqsSettings<TBody>,
  { body }: SqsRecord,
  message: SqsMessage<TBody>,
): FingerprintPart => {
  if (payload !== undefined) return { kind: 'canonical', text: canonicalPayload(payload(message)) }
  return isPointer(body)
    ? { kind: 'canonical', text: canonicalPayload(message.body) }
    : { kind: 'body', body: publishedText(body) }
}

/**
 * Whatever goes wrong in `read` is this part's fault, and only this message's. An asynchronous function may have rejected
 * because a network failed, and may succeed the next time. What a function throws at once, and what the layer or a
 * validator refuses, fails each time.
 */
const part = async <T>(name: MessagePart, { messageId }: SqsRecord, read: () => T | Promise<T>): Promise<T> => {
  let isAsynchronous = false
  try {
    const answer = read()
    isAsynchronous = true
    return await answer
  } catch (cause) {
    // Our own errors quote nothing of the message; anybody else's may.
    const isOwn = cause instanceof IdempotencyError
    const rule = isOwn ? cause.message : 'Reading it threw an error'
    const retryable = isAsynchronous && !isOwn && !(cause instanceof BodyInvalidError)
    throw new UnusableMessageError(name, messageId, rule, { cause, retryable })
  }
}
