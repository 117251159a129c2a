import { charged } from '../../examples/recipes/payments.ts'
import { CREDENTIALS, databaseEndpoint, freshTable, REGION } from '../support/dynamodb.ts'

/** Imports a recipe as Lambda does: with its table, its region and credentials in the environment. */
export const loadRecipe = async <T>(load: () => Promise<T>): Promise<T> => {
  Object.assign(process.env, {
    IDEMPOTENCY_TABLE: await freshTable(),
    AWS_ENDPOINT_URL: databaseEndpoint(),
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
  })
  return load()
}

/** The payments that `run` makes, and what it answers. */
export const chargesOf = async <T>(run: () => Promise<T>) => {
  const before = charged.length
  const answer = await run()
  return { answer, made: charged.slice(before) }
}
