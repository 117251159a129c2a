import { createHmac, hash } from 'node:crypto'
import type { EpochMillis } from '../../core/time.ts'
import type { Credentials } from './credentials.ts'
import type { Endpoint } from './endpoint.ts'

export type Operation = 'PutItem' | 'UpdateItem' | 'TransactWriteItems' | 'GetItem'

/** Returns the headers of a signed request as Node's flat list: name, value, name, value. */
export type RequestSigner = (operation: Operation, body: string, by: Credentials, now: EpochMillis) => string[]

const ALGORITHM = 'AWS4-HMAC-SHA256'

/**
 * AWS Signature Version 4 for the only kind of request that the store sends: a `POST` of JSON to DynamoDB, without a query.
 * It follows "Create a signed AWS API request" in the IAM User Guide.
 */
export const requestSigner = ({
  region,
  host,
  target,
}: Pick<Endpoint, 'region' | 'host' | 'target'>): RequestSigner => {
  const path = canonicalPath(target.path ?? '/')
  /** A signing key is valid for one secret and one day. */
  let key: { readonly of: string; readonly bytes: Buffer } | undefined

  const keyFor = (secret: string, date: string): Buffer => {
    const of = date + secret
    if (key?.of !== of) {
      const parts = [date, region, 'dynamodb', 'aws4_request']
      key = { of, bytes: parts.reduce<Buffer>(hmac, Buffer.from(`AWS4${secret}`)) }
    }
    return key.bytes
  }

  return (operation, body, { accessKeyId, secretAccessKey, sessionToken }, now) => {
    const time = new Date(now).toISOString().replace(/[-:]|\.\d{3}/g, '')
    const date = time.slice(0, 8)
    const scope = `${date}/${region}/dynamodb/aws4_request`
    const token = sessionToken?.trim() // HTTP strips white space, and the service signs what arrives
    // The signature covers the headers in alphabetical order.
    const headers: [string, string][] = [
      ['content-length', `${Buffer.byteLength(body)}`],
      ['content-type', 'application/x-amz-json-1.0'],
      ['host', host],
      ['x-amz-date', time],
      ...(token ? [['x-amz-security-token', token] as [string, string]] : []),
      ['x-amz-target', `DynamoDB_20120810.${operation}`],
    ]
    const names = headers.map(([name]) => name).join(';')
    const lines = headers.map(([name, value]) => `${name}:${value}\n`).join('')
    const canonical = `POST\n${path}\n\n${lines}\n${names}\n${hash('sha256', body)}`
    const text = `${ALGORITHM}\n${time}\n${scope}\n${hash('sha256', canonical)}`
    const signature = hmac(keyFor(secretAccessKey, date), text).toString('hex')
    const authorization = `${ALGORITHM} Credential=${accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`
    return [...headers.flat(), 'authorization', authorization]
  }
}

const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest()

/** Escapes each segment of the already escaped path a second time, as every service except S3 requires. */
const canonicalPath = (path: string): string =>
  path
    .replace(/\/{2,}/g, '/')
    .replace(/[^/]+/g, encodeURIComponent)
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
