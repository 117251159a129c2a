import aws4 from 'aws4'
import fc from 'fast-check'
import { epochMillis } from '../../lib/core/time.ts'
import { requestSigner } from '../../lib/dynamodb/lean/signature.ts'

const A_DAY = 86_400_000

const operation = fc.constantFrom('PutItem', 'UpdateItem', 'GetItem')
const base64 = fc.base64String({ minLength: 1, maxLength: 60 })
const credentials = fc.record(
  { accessKeyId: fc.stringMatching(/^[A-Z0-9]{4,20}$/), secretAccessKey: base64, sessionToken: base64 },
  { requiredKeys: ['accessKeyId', 'secretAccessKey'] },
)
const region = fc.constantFrom('eu-west-1', 'us-gov-east-1', 'cn-north-1', 'us-isob-east-1', 'eusc-de-east-1', 'local')
const host = fc.constantFrom('dynamodb.eu-west-1.amazonaws.com', '127.0.0.1:8000', '[::1]:8000', 'localhost')
const path = fc.webPath().map((text) => new URL(`http://localhost/${text}`).pathname)

const request = fc.record({
  operation,
  body: fc.oneof(
    fc.json(),
    fc.string({ unit: 'binary' }).map((text) => JSON.stringify(text)),
  ),
  credentials,
  now: fc.integer({ min: 0, max: 40_000 * A_DAY }).map(epochMillis),
})

/** The headers that `aws4` makes, which supports any AWS service. */
const byAws4 = (
  endpoint: { readonly region: string; readonly host: string; readonly path: string },
  { operation, body, credentials, now }: ReturnType<typeof request.generate>['value'],
): Record<string, string> => {
  const { headers = {} } = aws4.sign(
    {
      ...endpoint,
      service: 'dynamodb',
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': `DynamoDB_20120810.${operation}`,
        'x-amz-date': new Date(now).toISOString().replace(/[-:]|\.\d{3}/g, ''),
      },
      body,
    },
    credentials,
  )
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]))
}

const byName = (lines: readonly string[]): Record<string, string> => {
  const headers: Record<string, string> = {}
  for (let at = 0; at < lines.length; at += 2) headers[lines[at] as string] = lines[at + 1] as string
  return headers
}

test('A request has the same headers and signature as from aws4.', () => {
  fc.assert(
    fc.property(region, host, path, request, (region, host, path, request) => {
      const sign = requestSigner({ region, host, target: { path } })
      const { operation, body, credentials, now } = request
      expect(byName(sign(operation, body, credentials, now))).toEqual(byAws4({ region, host, path }, request))
    }),
    { numRuns: 2_000 },
  )
})

test('White space around a session token, which HTTP does not transmit, is neither sent nor signed.', () => {
  const endpoint = { region: 'eu-west-1', host: 'localhost' }
  const credentials = { accessKeyId: 'id', secretAccessKey: 'secret', sessionToken: ' token\t' }
  const headers = byName(requestSigner({ ...endpoint, target: {} })('GetItem', '{}', credentials, epochMillis(0)))
  expect(headers['x-amz-security-token']).toBe('token')
  const asked = { operation: 'GetItem', body: '{}', credentials, now: epochMillis(0) } as const
  expect(headers.authorization).toBe(byAws4({ ...endpoint, path: '/' }, asked).authorization)
})

test('One signer signs for different days and credentials, each with its own key.', () => {
  const endpoint = { region: 'eu-west-1', host: 'localhost' }
  const sign = requestSigner({ ...endpoint, target: {} })
  const few = { dates: [0, 1, A_DAY, 2 * A_DAY].map(epochMillis), secrets: ['one', 'two'] }
  const mixed = fc.record({
    operation,
    body: fc.constant('{}'),
    credentials: fc.record({ accessKeyId: fc.constant('id'), secretAccessKey: fc.constantFrom(...few.secrets) }),
    now: fc.constantFrom(...few.dates),
  })
  fc.assert(
    fc.property(fc.array(mixed, { maxLength: 6 }), (requests) => {
      for (const request of requests) {
        const { operation, body, credentials, now } = request
        expect(byName(sign(operation, body, credentials, now))).toEqual(byAws4({ ...endpoint, path: '/' }, request))
      }
    }),
  )
})
