import { Token } from 'aws-cdk-lib'

/** As the layer's own rule for the option `operation`. What IAM would read as a wildcard is not in it. */
const OPERATION = /^[A-Za-z0-9._-]{1,100}$/

/** The leading keys of an operation's records: no operation's name holds a `#`, so none is the beginning of another's. */
export const leadingKeysOf = (operation: string): string => `${checkedOperation(operation)}#*`

export const checkedOperation = (operation: string): string => {
  if (Token.isUnresolved(operation)) {
    throw new Error('operation is a token; it must be written out, since the handler and IAM both have to know it')
  }
  if (OPERATION.test(operation)) return operation
  throw new Error(`operation is "${operation}"; it must be 1 to 100 characters of A-Z a-z 0-9 . _ -`)
}
