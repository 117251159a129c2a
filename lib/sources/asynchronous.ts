import { field } from './field.ts'

/** The part of a Lambda context that {@link asynchronousKey} reads. */
export interface RequestContext {
  readonly awsRequestId: string
}

/**
 * Key of an asynchronous invocation (`InvocationType: 'Event'`): the `awsRequestId` of the Lambda context. Lambda sets it
 * when it queues the event, and keeps it over its own retries: up to two after an error, and for hours while the
 * function is throttled. Throws `IdempotencyError` `key-missing` without it.
 *
 * Use this field for asynchronous invocations only. A caller that repeats `Invoke`, synchronous or not, gets a new id,
 * and the `requestContext.requestId` of an API is new for every request.
 *
 * Source: "How Lambda handles errors and retries with asynchronous invocation" in the Lambda developer guide; AWS
 * re:Post, "How do I prevent duplicate Lambda function invocations?" (retries have the same request id).
 */
export const asynchronousKey = (context: RequestContext): string =>
  field('an asynchronous invocation', 'awsRequestId', context?.awsRequestId)
