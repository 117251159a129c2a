import { startDynamoDbLocal } from '../../local/dynamodb-local.ts'
import { createIdempotencyTable } from '../../local/tables.ts'
import { testClient } from '../support/dynamodb.ts'

/** A program that starts the database, makes a table in it, says so, and is then killed by the test. */
const [dataDirectory] = process.argv.slice(2)
const { endpoint } = await startDynamoDbLocal(dataDirectory === undefined ? {} : { dataDirectory })
await createIdempotencyTable(testClient({ endpoint }), 'kept')
console.log(endpoint)
setInterval(() => {}, 1_000)
