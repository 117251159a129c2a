import { createHmac, hash } from 'node:crypto'
import type { EpochMillis } from '../../core/time.ts'
import type { Credentials } from './credentials.ts'
import type { Endpoint } from './endpoint.ts'

export type Operation = 'PutItem' | 'UpdateItem' | 'GetItem'

/** The header lines of a signed request: name, value, name, value, as Node writes them. */
export type RequestSigner = (operation: Operation, body: string, by: Credentials, now: EpochMillis) => string[]

const ALGORITHM = 'AWS4-HMAC-SHA256'

/**
 * AWS Signature Version 4 for the one kind of request that the store sends: a `POST` of JSON to DynamoDB, without a
 * query. The steps are those of "Create a signed AWS API request" in the IAM User Guide.
 */
export const requestSigner = ({
  region,
  host,
  target,
}: Pick<Endpoint, 'region' | 'host' | 'target'>): RequestSigner => {
  const path = canonicalPath(target.path ?? '/')
  /** A key serves one secret for one day. */
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
    const token = sessionToken?.trim() // HTTP drops white space around a value, and the service signs what arrives
    // A signature covers the headers in the order of their names.
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

/** Each piece of the path, which is escaped already, is escaped once more: so it is for every service but S3. */
const canonicalPath = (path: string): string =>
  path
    .replace(/\/{2,}/g, '/')
    .replace(/[^/]+/g, encodeURIComponent)
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
