import { IdempotencyError } from '../core/errors.ts'
import type { MessagePart } from '../core/events.ts'
import { deriveFingerprint } from '../core/identity/fingerprint.ts'
import { deriveRecordKey } from '../core/identity/record-key.ts'
import { tenantOf } from '../core/identity/tenant.ts'
import type { Decide } from '../core/lifecycle/begin-result.ts'
import { deciderOf } from '../core/lifecycle/reconciliation.ts'
import { type ClaimRequest, type TimedContext, timesOf } from '../core/lifecycle/request.ts'
import type { ClaimEnding } from '../core/outcome/outcome-policy.ts'
import { BodyInvalidError, UnusableMessageError } from './errors.ts'
import { skip } from './key.ts'
import type { BatchSettings } from './settings.ts'

/**
 * A message whose key and fingerprint are derived, before any handler runs: what a handler changes later changes no
 * claim. `record` is the layer's own copy; your functions receive the record that Lambda delivered.
 */
export interface IdentifiedMessage<TRecord, TMessage> {
  readonly kind: 'identified'
  readonly record: TRecord
  readonly message: TMessage
  readonly claimRequest: ClaimRequest
  /** Asks the reconcile function about this message; `undefined` if there is none. */
  readonly decide: Decide | undefined
}

/** A message without a usable body, key, tenant or payload. */
export interface UnusableMessage<TRecord> {
  readonly kind: 'unusable'
  readonly record: TRecord
  readonly error: UnusableMessageError
}

/** A message for which the `key` function returned `skip`. */
export interface SkippedMessage<TRecord> {
  readonly kind: 'skipped'
  readonly record: TRecord
}

export type BatchEntry<TRecord, TMessage> =
  | IdentifiedMessage<TRecord, TMessage>
  | UnusableMessage<TRecord>
  | SkippedMessage<TRecord>

/** Does not throw: one broken message must not fail the batch. */
export const identify = async <TRecord, TMessage>(
  settings: BatchSettings<TRecord, TMessage>,
  given: TRecord,
  context: TimedContext | undefined,
): Promise<BatchEntry<TRecord, TMessage>> => {
  const record = settings.copyOf(given)
  const { core, source } = settings
  const { operation } = core
  const id = source.idOf(record)
  try {
    const message = await part('body', id, () => settings.read(given))
    // Before the tenant: a skipped message need not have one.
    const key = await part('key', id, () => settings.keyOf(message))
    if (key === skip) return { kind: 'skipped', record }
    const tenant = await part('tenant', id, () => tenantOf(settings.tenant, message))
    const claimRequest = {
      recordKey: await part('key', id, () => deriveRecordKey({ operation, tenant, key })),
      fingerprint: await part('payload', id, () => deriveFingerprint(settings.payloadOf(message, record))),
      ...timesOf(context, core.runtime),
      peekFirst: source.deliveryOf(record) > 1,
    }
    const decide = deciderOf(settings, { subject: message, endingOf: endingOfDone })
    return { kind: 'identified', record, message, claimRequest, decide }
  } catch (error) {
    if (!(error instanceof UnusableMessageError)) throw error
    return { kind: 'unusable', record, error }
  }
}

/** A worker's answer has no reader, so only the fact that its effect happened is kept. */
const endingOfDone = (): ClaimEnding => ({ kind: 'complete', status: 'SUCCEEDED', outcome: { kind: 'none' } })

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
