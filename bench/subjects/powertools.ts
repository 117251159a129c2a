import { IdempotencyConfig, makeIdempotent } from '@aws-lambda-powertools/idempotency'
import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb'
import { makeHandlerIdempotent } from '@aws-lambda-powertools/idempotency/middleware'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { Context } from 'aws-lambda'
import { type Answer, aContext, type HttpEvent, pay } from '../workload/http.ts'
import { type Order, reserve } from '../workload/orders.ts'
import { chain } from './chain.ts'
import { inSlots } from './in-slots.ts'
import { CONCURRENCY, CREDENTIALS, type OpenSubject, REGION } from './subject.ts'

/** The documented setup, with payload validation, which lambda-once always does. */
export const open: OpenSubject = ({ endpoint, tableName }) => {
  const awsSdkV3Client = new DynamoDBClient({ endpoint, region: REGION, credentials: CREDENTIALS })
  const persistenceStore = (): DynamoDBPersistenceLayer =>
    new DynamoDBPersistenceLayer({ tableName, keyAttr: 'pk', expiryAttr: 'expiresAt', awsSdkV3Client })

  const handlerWith = (useLocalCache: boolean): ((event: HttpEvent) => Promise<Answer>) => {
    const config = new IdempotencyConfig({
      eventKeyJmesPath: 'headers."idempotency-key"',
      payloadValidationJmesPath: 'body',
      throwOnNoIdempotencyKey: true,
      useLocalCache,
      maxLocalCacheSize: 1_000,
    })
    return chain(pay, makeHandlerIdempotent({ persistenceStore: persistenceStore(), config }))
  }

  const config = new IdempotencyConfig({ eventKeyJmesPath: 'orderId' })
  const reserveOnce = makeIdempotent((order: Order) => reserve(order), {
    persistenceStore: persistenceStore(),
    config,
    dataIndexArgument: 0,
  })

  return {
    invoke: handlerWith(false),
    invokeCached: handlerWith(true),
    batch: async ({ Records }) => {
      config.registerLambdaContext(aContext() as Context)
      await inSlots(Records, CONCURRENCY, ({ body }) => reserveOnce(JSON.parse(body)))
      return { batchItemFailures: [] }
    },
  }
}
