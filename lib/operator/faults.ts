import { type IdempotencyError, StoreMisconfiguredError } from '../core/errors.ts'
import { faultOf } from '../dynamodb/faults.ts'

/** The store's faults speak of a function: a person has other permissions. */
export const operatorFault = (error: unknown, tableName: string): IdempotencyError => {
  const { name, message } = (error ?? {}) as Partial<Error>
  return name === 'AccessDeniedException'
    ? new StoreMisconfiguredError(
        `Table "${tableName}": your credentials have no permission. Acts need dynamodb:GetItem and dynamodb:UpdateItem ` +
          `on the table, and lists need dynamodb:Scan; IdempotencyTable.grantOperators grants them. (${name}: ${message})`,
        { cause: error },
      )
    : faultOf(error, tableName)
}
