import type { APIGatewayProxyEventV2 } from 'aws-lambda'
import { once } from 'lambda-once'
import { cached } from 'lambda-once/cached'
import { dynamoDbStore } from 'lambda-once/dynamodb'
import { leanDynamoDbStore } from 'lambda-once/dynamodb/lean'
import { type HttpResponse, idempotent } from 'lambda-once/http'
import { memoryStore } from 'lambda-once/memory'
import { sqsHandler } from 'lambda-once/sqs'
import { faultyStore, storeContract, testRuntime } from 'lambda-once/testing'

const runtime = testRuntime()
const store = faultyStore(cached(memoryStore({ now: runtime.now })))
const handler = idempotent(async (event: APIGatewayProxyEventV2) => ({ statusCode: 201, body: event.body ?? '' }), {
  store,
  operation: 'payments',
  tenant: 'single-tenant',
  runtime,
})

const event = {
  version: '2.0',
  routeKey: 'POST /payments',
  rawPath: '/payments',
  rawQueryString: '',
  headers: { 'idempotency-key': 'order-1' },
  requestContext: { domainName: 'api.example.com', http: { method: 'POST', path: '/payments' } },
  body: '1999',
  isBase64Encoded: false,
} as unknown as APIGatewayProxyEventV2

test('A retry gets the first answer.', async () => {
  const answers: string[] = []
  for (let time = 0; time < 2; time++) {
    const { headers, body } = (await handler(event, { getRemainingTimeInMillis: () => 10_000 })) as HttpResponse
    answers.push(`${headers?.['Idempotency-Status']} ${body}`)
  }
  expect(answers).toEqual(['created 1999', 'replayed 1999'])
})

test('The other entries load.', () => {
  const entries = [once, dynamoDbStore, leanDynamoDbStore, sqsHandler]
  expect(entries.map((entry) => typeof entry)).toEqual(entries.map(() => 'function'))
})

for (const { name, run } of storeContract(() => memoryStore()).slice(0, 5)) test(name, run)
