import { register } from 'tsx/esm/api'

/** Starts one DynamoDB Local for the whole run. Each test file makes its own tables in it. */
export default async () => {
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true'
  // Jest transforms the tests, but not this file's imports.
  const unregister = register()
  const { startDynamoDbLocal } = await import('../../local/dynamodb-local.ts')
  await unregister()
  const database = await startDynamoDbLocal()
  process.env.TEST_DYNAMODB_ENDPOINT = database.endpoint
  globalThis.testDatabase = database
}
