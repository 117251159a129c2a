import { IdempotencyError, StoreMisconfiguredError, StoreUnavailableError } from '../core/errors.ts'
import type { StoredRecord } from '../core/record/record.ts'
import { type EpochMillis, epochMillis } from '../core/time.ts'
import { fromItem, type Item } from './item.ts'

/** The shape of an error of the AWS SDK, as far as it is looked at. */
interface ServiceFault {
  readonly name?: string
  readonly message?: string
  readonly Item?: Item | null
  readonly $metadata?: { readonly httpStatusCode?: number }
  /** The SDK has it from the model of DynamoDB. */
  readonly $retryable?: unknown
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> }
}

/** A condition that did not hold: an answer, not a fault. */
export interface Refused {
  /** What stood there; absent where nothing did. */
  readonly record?: StoredRecord
  readonly storeTime?: EpochMillis
}

/** Which 4xx are about load: the next attempt waits longer. */
const THROTTLES: ReadonlySet<string> = new Set([
  'ProvisionedThroughputExceededException',
  'ThrottlingException',
  'RequestLimitExceeded',
  'LimitExceededException',
  'TransactionInProgressException',
])

/**
 * Which other 4xx pass. Both sets together are the exceptions that are OK to retry by the DynamoDB Developer Guide, "Error
 * handling with DynamoDB", and those that the AWS SDK for JavaScript sends again. The guide's `UnrecognizedClientException`
 * is left out, because waiting does not mend credentials.
 */
const PASSING: ReadonlySet<string> = new Set([
  'ReplicatedWriteConflictException',
  'ItemCollectionSizeLimitExceededException',
  'RequestTimeout',
  'RequestTimeoutException',
])

/** What to do about the refusals that a person has to mend. */
const REMEDIES: Readonly<Record<string, string>> = {
  ResourceNotFoundException: 'The table does not exist in this account and Region: check tableName and AWS_REGION.',
  AccessDeniedException:
    'The function may not use the table: grant it dynamodb:GetItem, dynamodb:PutItem and dynamodb:UpdateItem on it.',
  UnrecognizedClientException: 'The credentials are not accepted: check the function role, or the local environment.',
  CredentialsProviderError:
    'There are no usable credentials: check the function role, the local environment, or what gives the credentials.',
  ExpiredTokenException: 'The credentials have expired.',
  InvalidSignatureException: 'The signature is not accepted: check the credentials and the clock of this host.',
}

/** DynamoDB says of a table with other keys only that the request is not valid for it. */
const KEY_SCHEMA_REMEDY = 'The table needs the partition key "pk" of type String and no sort key: check its key schema.'

/** By RFC 6585, section 4: something in between may say so without DynamoDB's names. */
const TOO_MANY_REQUESTS = 429
/** By RFC 9110, section 15.5.9. */
const REQUEST_TIMEOUT = 408

type Refusal = Pick<ServiceFault, 'name' | '$metadata' | '$retryable'>

export const isThrottle = ({ name = '', $metadata }: Refusal): boolean =>
  THROTTLES.has(name) || $metadata?.httpStatusCode === TOO_MANY_REQUESTS

/** Whether the same request may fare better later. */
export const isPassing = (refusal: Refusal): boolean =>
  isThrottle(refusal) ||
  PASSING.has(refusal.name ?? '') ||
  refusal.$retryable !== undefined ||
  refusal.$metadata?.httpStatusCode === REQUEST_TIMEOUT

export const isConditionFailure = (error: unknown): error is ServiceFault =>
  (error as ServiceFault | undefined)?.name === 'ConditionalCheckFailedException'

/** Another request held the item just then; the SDK does not send these again by itself. */
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
 * A claim is refused only where there is a record, and DynamoDB gives it back with the refusal. Without it each retry would
 * look like a conflict, for ever. Other writes may be refused because TTL has deleted the record.
 */
export const withoutItem = (tableName: string): StoreMisconfiguredError =>
  new StoreMisconfiguredError(
    `Table "${tableName}": a claim was refused, and the record in its place was not given back. The client or emulator ` +
      'has to support ReturnValuesOnConditionCheckFailure, as DynamoDB Local 2.2.0 and later do.',
  )

/** Network, time-out, 5xx and whatever else passes are the store being down; any other refusal is a mistake in the set-up. */
export const faultOf = (error: unknown, tableName: string): IdempotencyError => {
  if (error instanceof IdempotencyError) return error
  const fault = (error ?? {}) as ServiceFault
  const { name = 'Error', message = '', $metadata } = fault
  const status = $metadata?.httpStatusCode
  const refused = REMEDIES[name] !== undefined || (status !== undefined && status >= 400 && status < 500)
  if (refused && !isPassing(fault) && !isTransactionConflict(fault)) {
    const aboutKeys = name === 'ValidationException' && /\bkeys?\b/i.test(message)
    const remedy = aboutKeys ? KEY_SCHEMA_REMEDY : (REMEDIES[name] ?? 'DynamoDB refused the request.')
    return new StoreMisconfiguredError(`Table "${tableName}": ${remedy} (${name}: ${message})`, { cause: error })
  }
  if ($metadata === undefined && isMistake(error)) {
    return new StoreMisconfiguredError(`Table "${tableName}": the client cannot send (${name}: ${message})`, {
      cause: error,
    })
  }
  return new StoreUnavailableError(`Table "${tableName}" cannot be reached (${name})`, { cause: error })
}

/** Nothing was sent: the SDK has no Region, or a client of the user's own is broken. No waiting mends that. */
const isMistake = (error: unknown): boolean =>
  error instanceof Error &&
  // With a cause it is what fetch makes of a network that is down.
  (((error instanceof TypeError || error instanceof RangeError) && error.cause === undefined) ||
    error.message.startsWith('Region is missing'))
