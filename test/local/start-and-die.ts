import { startDynamoDbLocal } from '../../local/dynamodb-local.ts'
import { createIdempotencyTable } from '../../local/tables.ts'
import { testClient } from '../support/dynamodb.ts'

/** Starts the database, creates a table and reports it. Then the test kills this process. */
const [dataDirectory] = process.argv.slice(2)
const { endpoint } = await startDynamoDbLocal(dataDirectory === undefined ? {} : { dataDirectory })
await createIdempotencyTable(testClient({ endpoint }), 'kept')
console.log(endpoint)
setInterval(() => {}, 1_000)
