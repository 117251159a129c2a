import { Token } from 'aws-cdk-lib'
import { OPERATION } from '../core/limits.ts'

/**
 * The IAM pattern for the keys of an operation's records. It matches no other operation, since no name contains `#`.
 */
export const leadingKeysOf = (operation: string): string => `${checkedOperation(operation)}#*`

export const checkedOperation = (operation: string): string => {
  if (Token.isUnresolved(operation)) {
    throw new Error(
      'operation is a token; it must be a literal, since the handler and the IAM policy both need its value',
    )
  }
  if (OPERATION.test(operation)) return operation
  throw new Error(`operation is "${operation}"; it must be 1 to 100 characters of A-Z a-z 0-9 . _ -`)
}
