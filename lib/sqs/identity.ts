import { IdempotencyError } from '../core/errors.ts'
import type { MessagePart } from '../core/events.ts'
import { deriveFingerprint, type FingerprintPart } from '../core/identity/fingerprint.ts'
import { canonicalPayload } from '../core/identity/payload.ts'
import { deriveRecordKey } from '../core/identity/record-key.ts'
import { tenantOf } from '../core/identity/tenant.ts'
import type { Decide } from '../core/lifecycle/begin-result.ts'
import { deciderOf } from '../core/lifecycle/reconciliation.ts'
import { type ClaimRequest, type TimedContext, timesOf } from '../core/lifecycle/request.ts'
import type { ClaimEnding } from '../core/outcome/outcome-policy.ts'
import { isPointer, publishedText } from './envelope.ts'
import { BodyInvalidError, UnusableMessageError } from './errors.ts'
import { chosenKey, skip } from './key.ts'
import type { SqsSettings } from './options.ts'
import { parseBody } from './parse.ts'
import { copyOf, messageOf, type SqsMessage, type SqsRecord } from './record.ts'

/**
 * A message whose key and fingerprint are derived, before any handler runs: what a handler changes later changes no
 * claim. `record` is the layer's own copy; your functions receive the record that Lambda delivered.
 */
export interface IdentifiedMessage<TBody> {
  readonly kind: 'identified'
  readonly record: SqsRecord
  readonly message: SqsMessage<TBody>
  readonly claimRequest: ClaimRequest
  /** Asks the reconcile function about this message; `undefined` if there is none. */
  readonly decide: Decide | undefined
}

/** A message without a usable body, key, tenant or payload. */
export interface UnusableMessage {
  readonly kind: 'unusable'
  readonly record: SqsRecord
  readonly error: UnusableMessageError
}

/** A message for which the `key` function returned `skip`. */
export interface SkippedMessage {
  readonly kind: 'skipped'
  readonly record: SqsRecord
}

/** Does not throw: one broken message must not fail the batch. */
export const identify = async <TBody>(
  settings: SqsSettings<TBody>,
  given: SqsRecord,
  context: TimedContext | undefined,
): Promise<IdentifiedMessage<TBody> | UnusableMessage | SkippedMessage> => {
  const record = copyOf(given)
  const { core, payload } = settings
  const { operation } = core
  const { messageId, body: text } = record
  try {
    const body = await part('body', messageId, () => parseBody(settings.parse, text, given))
    const message = messageOf(given, body)
    // Before the tenant: a skipped message need not have one.
    const key = await part('key', messageId, () => chosenKey(settings.key, message))
    if (key === skip) return { kind: 'skipped', record }
    const tenant = await part('tenant', messageId, () => tenantOf(settings.tenant, message))
    const claimRequest = {
      recordKey: await part('key', messageId, () => deriveRecordKey({ operation, tenant, key })),
      fingerprint: await part('payload', messageId, () => deriveFingerprint([covered(payload, text, message)])),
      ...timesOf(context, core.runtime),
      peekFirst: message.receiveCount > 1,
    }
    const decide = deciderOf(settings.abandoned, { subject: message, endingOf: endingOfDone })
    return { kind: 'identified', record, message, claimRequest, decide }
  } catch (error) {
    if (!(error instanceof UnusableMessageError)) throw error
    return { kind: 'unusable', record, error }
  }
}

/** A worker's answer has no reader, so only the fact that its effect happened is kept. */
const endingOfDone = (): ClaimEnding => ({ kind: 'complete', status: 'SUCCEEDED', outcome: { kind: 'none' } })

/** The part of a message that the fingerprint covers. */
const covered = <TBody>(
  payload: SqsSettings<TBody>['payload'],
  text: string,
  message: SqsMessage<TBody>,
): FingerprintPart =>
  payload === undefined && !isPointer(text)
    ? { kind: 'body', body: publishedText(text) }
    : { kind: 'canonical', text: canonicalPayload(payload === undefined ? message.body : payload(message)) }

/**
 * Any error in `read` makes this part, and only this message, unusable. The rejection of an asynchronous function of
 * yours is retryable: a network may have failed. A synchronous error, and a refusal by the layer or a validator, would
 * come again on each delivery.
 */
const part = async <T>(name: MessagePart, messageId: string, read: () => T | Promise<T>): Promise<T> => {
  let isAsynchronous = false
  try {
    const answer = read()
    isAsynchronous = true
    return await answer
  } catch (cause) {
    // The layer's own errors quote nothing of the message; others may.
    const isOwn = cause instanceof IdempotencyError
    const rule = isOwn ? cause.message : 'Reading it threw an error'
    const retryable = isAsynchronous && !isOwn && !(cause instanceof BodyInvalidError)
    throw new UnusableMessageError(name, messageId, rule, { cause, retryable })
  }
}
