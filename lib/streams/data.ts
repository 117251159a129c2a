import { isUtf8 } from 'node:buffer'
import { publishedText } from '../batch/envelope.ts'
import type { FingerprintPart } from '../core/identity/fingerprint.ts'
import { canonicalPayload } from '../core/identity/payload.ts'

/** Text is compared as the body of a queue's message is; other bytes as they are. */
export const dataPart = (data: Uint8Array): FingerprintPart => ({
  kind: 'body',
  body: isUtf8(data) ? publishedText(textOf(data)) : data,
})

export const bytesOf = (base64: string): Uint8Array => Buffer.from(base64, 'base64')

/** Bytes that are not UTF-8 become U+FFFD. */
export const textOf = (data: Uint8Array): string => new TextDecoder('utf-8', { ignoreBOM: true }).decode(data)

/** What the option `payload` chose; `undefined` without the option. */
export const chosenPart = <TMessage>(
  payload: ((message: TMessage) => unknown) | undefined,
  message: TMessage,
): FingerprintPart | undefined => payload && { kind: 'canonical', text: canonicalPayload(payload(message)) }
