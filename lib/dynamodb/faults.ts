import { IdempotencyError, StoreMisconfiguredError, StoreUnavailableError } from '../core/errors.ts'
import type { StoredRecord } from '../core/record/record.ts'
import { type EpochMillis, epochMillis } from '../core/time.ts'
import { fromItem, type Item } from './item.ts'

/** The members of an AWS SDK error that are read here. */
export interface ServiceFault {
  readonly name?: string
  readonly message?: string
  /** Of a network error, such as `ECONNREFUSED`: its name says nothing. */
  readonly code?: unknown
  readonly Item?: Item | null | undefined
  readonly $metadata?: { readonly httpStatusCode?: number }
  /** The SDK sets it from DynamoDB's service model. */
  readonly $retryable?: unknown
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> }
}

/** A condition did not hold. This is an answer, not a fault. */
export interface Refused {
  /** The stored record; absent if there is none. */
  readonly record?: StoredRecord
  readonly storeTime?: EpochMillis
}

/** The 4xx errors that report load: the next attempt waits longer. */
const THROTTLES: readonly string[] = [
  'ProvisionedThroughputExceededException',
  'ThrottlingException',
  'RequestLimitExceeded',
  'LimitExceededException',
  'TransactionInProgressException',
]

/**
 * The other transient 4xx errors. The two lists together are the exceptions that the DynamoDB Developer Guide calls "OK to
 * retry" ("Error handling with DynamoDB"), and those that the AWS SDK for JavaScript retries. The guide's
 * `UnrecognizedClientException` is left out, because waiting does not repair credentials.
 */
const TRANSIENT: readonly string[] = [
  'ReplicatedWriteConflictException',
  'ItemCollectionSizeLimitExceededException',
  'RequestTimeout',
  'RequestTimeoutException',
]

/** What to do about the errors that a person has to fix. */
const REMEDIES: Readonly<Record<string, string>> = {
  ResourceNotFoundException: 'The table does not exist in this account and Region: check tableName and AWS_REGION.',
  AccessDeniedException:
    'The function has no permission for the table: grant it dynamodb:GetItem, dynamodb:PutItem and dynamodb:UpdateItem on it.',
  UnrecognizedClientException: 'The credentials are not accepted: check the function role, or the local environment.',
  CredentialsProviderError:
    'There are no usable credentials: check the function role, the local environment, or your credentials provider.',
  ExpiredTokenException: 'The credentials have expired.',
  InvalidSignatureException: 'The signature is not accepted: check the credentials and the clock of this host.',
}

/** If the table has another key schema, DynamoDB says only that the request is not valid. */
const KEY_SCHEMA_REMEDY = 'The table needs the partition key "pk" of type String and no sort key: check its key schema.'

/** RFC 6585, section 4. A proxy may answer it without DynamoDB's error names. */
const TOO_MANY_REQUESTS = 429
/** RFC 9110, section 15.5.9. */
const REQUEST_TIMEOUT = 408

type Refusal = Pick<ServiceFault, 'name' | '$metadata' | '$retryable'>

export const isThrottle = ({ name = '', $metadata }: Refusal): boolean =>
  THROTTLES.includes(name) || $metadata?.httpStatusCode === TOO_MANY_REQUESTS

/** Returns true for an error that a person has to fix, outside the request. */
export const isOfSetUp = ({ name = '' }: Refusal): boolean => REMEDIES[name] !== undefined

/** Returns true if the same request may succeed later. */
export const isTransient = (refusal: Refusal): boolean =>
  isThrottle(refusal) ||
  TRANSIENT.includes(refusal.name ?? '') ||
  refusal.$retryable !== undefined ||
  refusal.$metadata?.httpStatusCode === REQUEST_TIMEOUT

export const isConditionFailure = (error: unknown): error is ServiceFault =>
  (error as ServiceFault | undefined)?.name === 'ConditionalCheckFailedException'

/** A transaction holds the item. The SDK does not retry this error. */
export const isTransactionConflict = (error: unknown): boolean =>
  (error as ServiceFault | undefined)?.name === 'TransactionConflictException'

export const refusedBy = ({ Item: item, $response }: ServiceFault): Refused => {
  const date = Date.parse($response?.headers?.date ?? '')
  return {
    ...(item && { record: fromItem(item) }),
    ...(Number.isNaN(date) ? {} : { storeTime: epochMillis(date) }),
  }
}

/**
 * DynamoDB refuses a claim only if there is a record, and returns that record. Without the record each retry would look
 * like a conflict for ever. (Other writes may be refused because TTL has deleted the record.)
 */
export const withoutItem = (tableName: string): StoreMisconfiguredError =>
  new StoreMisconfiguredError(
    `Table "${tableName}": a claim was refused, and the stored record was not given back. The client or emulator ` +
      'has to support ReturnValuesOnConditionCheckFailure, as DynamoDB Local 2.2.0 and later do.',
  )

/** The store is down after a network error, a timeout, a 5xx or a transient 4xx. Any other error is a misconfiguration. */
export const faultOf = (error: unknown, tableName: string): IdempotencyError => {
  if (error instanceof IdempotencyError) return error
  const fault = (error ?? {}) as ServiceFault
  const { name = 'Error', message = '', code, $metadata } = fault
  const status = $metadata?.httpStatusCode
  const refused = REMEDIES[name] !== undefined || (status !== undefined && status >= 400 && status < 500)
  if (refused && !isTransient(fault) && !isTransactionConflict(fault)) {
    const aboutKeys = name === 'ValidationException' && /\bkeys?\b/i.test(message)
    const remedy = aboutKeys ? KEY_SCHEMA_REMEDY : (REMEDIES[name] ?? 'DynamoDB refused the request.')
    return new StoreMisconfiguredError(`Table "${tableName}": ${remedy} (${name}: ${message})`, { cause: error })
  }
  if (isUnsent(error)) {
    return new StoreMisconfiguredError(`Table "${tableName}": the client cannot send (${name}: ${message})`, {
      cause: error,
    })
  }
  return new StoreUnavailableError(
    `Table "${tableName}" cannot be reached (${typeof code === 'string' ? code : name})`,
    { cause: error },
  )
}

/** Nothing was sent: the SDK has no Region, an item cannot be written, or your own client is broken. Waiting does not help. */
export const isUnsent = (error: unknown): boolean =>
  error instanceof Error &&
  (error as ServiceFault).$metadata === undefined &&
  // A TypeError with a cause is how fetch reports a network error.
  (((error instanceof TypeError || error instanceof RangeError) && error.cause === undefined) ||
    error.message.startsWith('Region is missing'))
