import { createHmac, timingSafeEqual } from 'node:crypto'
import type { RecordKey } from '../core/identity/record-key.ts'
import { isSettled, type SettledRecord, type StoredRecord } from '../core/record/record.ts'

/** The secret of the signatures, or none. */
export type Secret = string | undefined

/** The first byte of each entry. An entry of another version is not read. */
const VERSION = 1
const MAC_BYTES = 32
const LENGTH_BYTES = 4

/** Version, signature, length of the head, head as JSON, outcome. Without a secret the signature is zeros. */
export const encodeEntry = ({ outcome, ...head }: SettledRecord, secret: Secret): Buffer => {
  const json = Buffer.from(JSON.stringify(head))
  const length = Buffer.alloc(LENGTH_BYTES)
  length.writeUInt32BE(json.length)
  const content = Buffer.concat([length, json, outcome])
  return Buffer.concat([Buffer.from([VERSION]), macOf(head.recordKey, content, secret), content])
}

/** `undefined` for anything but an entry of this record that was signed with the secret. */
export const decodeEntry = (recordKey: RecordKey, entry: Buffer, secret: Secret): SettledRecord | undefined => {
  const content = entry.subarray(1 + MAC_BYTES)
  if (entry[0] !== VERSION || content.length < LENGTH_BYTES) return undefined
  if (!timingSafeEqual(entry.subarray(1, 1 + MAC_BYTES), macOf(recordKey, content, secret))) return undefined
  try {
    const end = LENGTH_BYTES + content.readUInt32BE()
    const head: Omit<SettledRecord, 'outcome'> = JSON.parse(content.toString('utf8', LENGTH_BYTES, end))
    const record: StoredRecord = { ...head, outcome: Uint8Array.from(content.subarray(end)) }
    return isSettled(record) && Number.isSafeInteger(record.expiresAt) ? record : undefined
  } catch {
    return undefined
  }
}

/** It covers the record key, so that the entry of one record is not taken for that of another. */
const macOf = (recordKey: RecordKey, content: Buffer, secret: Secret): Buffer =>
  secret === undefined
    ? Buffer.alloc(MAC_BYTES)
    : createHmac('sha256', secret).update(`${recordKey}\n`).update(content).digest()
