import { charged } from '../../examples/recipes/payments.ts'
import { databaseEnvironment, freshTable } from '../support/dynamodb.ts'

/** Imports a recipe as Lambda does: with its table, its region and credentials in the environment. */
export const loadRecipe = async <T>(load: () => Promise<T>): Promise<T> => {
  Object.assign(process.env, {
    IDEMPOTENCY_TABLE: await freshTable(),
    ...databaseEnvironment(),
  })
  return load()
}

/** The payments that `run` makes, and what it answers. */
export const chargesOf = async <T>(run: () => Promise<T>) => {
  const before = charged.length
  const answer = await run()
  return { answer, made: charged.slice(before) }
}
