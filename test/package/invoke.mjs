/** `node invoke.mjs FILE TIMES`: loads a handler and sends it the same payment TIMES times. */
import { pathToFileURL } from 'node:url'

const [file, times] = process.argv.slice(2)
const { handler } = await import(pathToFileURL(file).href)

const event = () => ({
  version: '2.0',
  routeKey: 'POST /payments',
  rawPath: '/payments',
  rawQueryString: '',
  headers: { 'idempotency-key': 'order-1', 'content-type': 'application/json' },
  requestContext: { domainName: 'api.example.com', http: { method: 'POST', path: '/payments' } },
  body: '1999',
  isBase64Encoded: false,
})
const context = { getRemainingTimeInMillis: () => 10_000 }

for (let time = 0; time < Number(times); time++) {
  const { statusCode, headers, body } = await handler(event(), context)
  console.log(`${statusCode} ${headers['Idempotency-Status'] ?? 'refused'} ${body}`)
}
