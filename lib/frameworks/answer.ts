import { isUtf8 } from 'node:buffer'
import { isObject } from '../core/option-rules.ts'

/** An answer in the form of payload 2.0. */
export interface FrameworkAnswer {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
  readonly cookies?: readonly string[]
  readonly body: string
  readonly isBase64Encoded: boolean
}

/** Throws `TypeError` if it is none. All answers have a status but that of the option `problem`, which may be anything. */
export const asAnswer = (given: unknown): FrameworkAnswer => {
  if (isObject(given) && Number.isInteger(Number(given.statusCode))) return given as unknown as FrameworkAnswer
  throw new TypeError('lambda-once: the option problem must answer an object with a statusCode')
}

/** A body that is no text is stored as Base64, so that a replay has the same bytes. */
export const bodyAsStored = (bytes: Buffer): Pick<FrameworkAnswer, 'body' | 'isBase64Encoded'> =>
  isUtf8(bytes)
    ? { body: bytes.toString('utf8'), isBase64Encoded: false }
    : { body: bytes.toString('base64'), isBase64Encoded: true }

export const bytesOf = ({ body, isBase64Encoded }: FrameworkAnswer): Buffer =>
  Buffer.from(body ?? '', isBase64Encoded === true ? 'base64' : 'utf8')
