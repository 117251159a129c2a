import { isPointer, publishedText } from '../batch/envelope.ts'
import { checkedKey } from '../batch/key.ts'
import { afterwards, parseBody } from '../batch/parse.ts'
import type { Reading } from '../batch/settings.ts'
import type { FingerprintPart } from '../core/identity/fingerprint.ts'
import { canonicalPayload } from '../core/identity/payload.ts'
import { keyOf } from './key.ts'
import type { SqsOptions } from './options.ts'
import { copyOf, messageOf, type SqsMessage, type SqsRecord } from './record.ts'

/** How the messages of a queue are read. */
export const readingOf = <TBody>(options: SqsOptions<TBody>): Reading<SqsRecord, SqsMessage<TBody>> => {
  const { abandoned, predecessor, tenant, key, parse, payload } = options
  return {
    copyOf,
    read: (record) => afterwards(parseBody(parse, record.body, record), (body) => messageOf(record, body)),
    keyOf: (message) => checkedKey(keyOf(key, message)),
    tenant,
    payloadOf: (message, record) => [covered(payload, record.body, message)],
    abandoned,
    predecessor,
  }
}

/** The part of a message that the fingerprint covers. */
const covered = <TBody>(
  payload: SqsOptions<TBody>['payload'],
  text: string,
  message: SqsMessage<TBody>,
): FingerprintPart =>
  payload === undefined && !isPointer(text)
    ? { kind: 'body', body: publishedText(text) }
    : { kind: 'canonical', text: canonicalPayload(payload === undefined ? message.body : payload(message)) }
