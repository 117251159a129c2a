import { register } from 'tsx/esm/api'

/** One DynamoDB Local for the whole run; each test file makes tables of its own in it. */
export default async () => {
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true'
  // jest transforms the tests, not what it loads itself.
  const unregister = register()
  const { startDynamoDbLocal } = await import('../../local/dynamodb-local.ts')
  await unregister()
  const database = await startDynamoDbLocal()
  process.env.TEST_DYNAMODB_ENDPOINT = database.endpoint
  globalThis.testDatabase = database
}
