import { field } from './field.ts'

/** What is looked at of a Lambda context. */
export interface RequestContext {
  readonly awsRequestId: string
}

/**
 * Key of an asynchronous invocation (`InvocationType: 'Event'`): the Lambda context's `awsRequestId`. Lambda gives it to
 * the event when it is queued, and keeps it over its own retries, up to two after an error and for hours while it is
 * throttled. It is this field's only good use: on a synchronous invocation each retry of the caller has a new one, as
 * has a caller that repeats `Invoke` here; and an API's `requestContext.requestId` is new with every request.
 *
 * Source: "How Lambda handles errors and retries with asynchronous invocation" in the Lambda developer guide; AWS
 * re:Post, "How do I prevent duplicate Lambda function invocations?" (retries have the same request id).
 */
export const asynchronousKey = (context: RequestContext): string =>
  field('an asynchronous invocation', 'awsRequestId', context?.awsRequestId)
