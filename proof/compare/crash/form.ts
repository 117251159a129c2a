import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { TestEvent } from '../../../test/support/http-events.ts'
import type { Invoke, Result } from '../subject.ts'
import type { Shop } from './shop.ts'

/** The request during which a process is killed, and whether the database still gets that request. */
export interface Place {
  readonly operation: 'UpdateItem' | 'TransactWriteItems'
  readonly arrives: boolean
}

/** What a handler does that may be killed. */
export type Task = 'charge' | 'twoWrites'

/** One way to write a handler for a task with one of the layers. */
export interface Form {
  readonly name: string
  /** Where its process is killed. Each place is played by itself. */
  readonly places: readonly Place[]
  /** The provider still remembers its idempotency keys when the retry comes. */
  readonly isRemembered?: true
  readonly wrap: (shop: Shop, client: DynamoDBClient) => Invoke
}

export const keyOf = (event: TestEvent): string => event.headers?.['idempotency-key'] ?? ''

export const created = (id: string): Result => ({ statusCode: 201, body: JSON.stringify({ id }) })

/** The effect has happened, and the layer's record of it never arrives. */
export const COMPLETION_LOST: Place = { operation: 'UpdateItem', arrives: false }
