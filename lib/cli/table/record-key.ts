import { deriveRecordKey, isOperation, operationOf, type RecordKey } from '../../core/identity/record-key.ts'
import { UsageError } from '../answer.ts'
import type { RecordFlags } from '../flags.ts'

/** The flags that name a record by what its key is derived from. */
export const PARTS = ['operation', 'tenant', 'method', 'route', 'key'] as const

/** Throws `UsageError` if the flags name no record, or name it twice. */
export const recordKeyFrom = (flags: RecordFlags): RecordKey => {
  if (flags.record !== undefined) return givenKey(flags.record, flags)
  const { operation, tenant, key, method = '', route = '' } = flags
  if (operation === undefined || tenant === undefined || key === undefined)
    throw new UsageError(
      'name the record: --record, or --operation, --tenant and --key (for HTTP also --method and --route)',
    )
  return deriveRecordKey({ operation: anOperation(operation), tenant, method: method.toUpperCase(), route, key })
}

export const anOperation = (operation: string): string => {
  if (isOperation(operation)) return operation
  throw new UsageError(`--operation is "${operation}"; it must be 1 to 100 characters of A-Z a-z 0-9 . _ -`)
}

const givenKey = (record: string, flags: RecordFlags): RecordKey => {
  const also = PARTS.filter((part) => flags[part] !== undefined)
  if (also.length > 0)
    throw new UsageError(`--record names the record already; leave out ${also.map((part) => `--${part}`).join(', ')}`)
  return asRecordKey('--record', record)
}

export const asRecordKey = (flag: string, text: string): RecordKey => {
  const key = text as RecordKey
  if (isOperation(operationOf(key)) && key.length > operationOf(key).length + 1) return key
  throw new UsageError(`${flag} is "${text}"; it must be an operation, a # and a digest, such as payments#3q2-7w…`)
}
