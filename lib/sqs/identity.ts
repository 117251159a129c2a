import { IdempotencyError } from '../core/errors.ts'
import type { MessagePart } from '../core/events.ts'
import { deriveFingerprint, type Fingerprint } from '../core/fingerprint.ts'
import { type ClaimRequest, deadlineOf, type TimedContext } from '../core/lifecycle/request.ts'
import { canonicalPayload } from '../core/payload.ts'
import { deriveRecordKey } from '../core/record-key.ts'
import { tenantOf } from '../core/tenant.ts'
import { unawaited } from '../core/unawaited.ts'
import { keyOf } from './key.ts'
import { messageOf, type SqsMessage } from './message.ts'
import type { SqsSettings } from './options.ts'
import { parseBody } from './parse.ts'
import type { SqsRecord } from './record.ts'
import { UnusableMessage } from './unusable.ts'

/** A message with its identity derived, before any handler runs: what a handler changes later changes no claim. */
export interface Identified<TBody> {
  readonly kind: 'identified'
  readonly record: SqsRecord
  readonly message: SqsMessage<TBody>
  readonly claimRequest: ClaimRequest
}

export interface Unusable {
  readonly kind: 'unusable'
  readonly record: SqsRecord
  readonly error: UnusableMessage
}

/** Never throws: one broken message must not fail the batch. */
export const identify = async <TBody>(
  settings: SqsSettings<TBody>,
  record: SqsRecord,
  context: TimedContext | undefined,
): Promise<Identified<TBody> | Unusable> => {
  try {
    const body = await part('body', record, () => parseBody(settings.parse, record.body, record))
    const message = messageOf(record, body)
    return { kind: 'identified', record, message, claimRequest: await claimRequestOf(settings, message, context) }
  } catch (error) {
    if (!(error instanceof UnusableMessage)) throw error
    return { kind: 'unusable', record, error }
  }
}

const claimRequestOf = async <TBody>(
  settings: SqsSettings<TBody>,
  message: SqsMessage<TBody>,
  context: TimedContext | undefined,
): Promise<ClaimRequest> => {
  const { operation, runtime } = settings.core
  const { record } = message
  const tenant = await part('tenant', record, () => tenantOf(settings.tenant, message))
  const key = await part('key', record, () => chosenKey(settings, message))
  return {
    recordKey: await part('key', record, () => deriveRecordKey({ operation, tenant, key })),
    fingerprint: await part('payload', record, () => fingerprintOf(settings, message)),
    deadline: deadlineOf(context, runtime),
    readFirst: message.receiveCount > 1,
  }
}

const chosenKey = <TBody>({ key }: SqsSettings<TBody>, message: SqsMessage<TBody>): string => {
  const answer: unknown = keyOf(key, message)
  if (typeof answer === 'string' && answer !== '') return answer
  unawaited(answer)
  throw new IdempotencyError('key-missing', 'The key option found no key in this message')
}

const fingerprintOf = <TBody>({ payload }: SqsSettings<TBody>, message: SqsMessage<TBody>): Fingerprint =>
  deriveFingerprint([
    payload === undefined
      ? { kind: 'body', body: message.record.body }
      : { kind: 'canonical', text: canonicalPayload(payload(message)) },
  ])

/** Whatever goes wrong in there is this part's fault, and only this message's. */
const part = async <T>(name: MessagePart, { messageId }: SqsRecord, read: () => T | Promise<T>): Promise<T> => {
  try {
    return await read()
  } catch (cause) {
    // Our own errors quote nothing of the message; anybody else's may.
    const rule = cause instanceof IdempotencyError ? cause.message : 'Reading it threw an error'
    throw new UnusableMessage(name, messageId, rule, { cause })
  }
}
