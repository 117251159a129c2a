import { ResourceNotFoundException } from '@aws-sdk/client-dynamodb'

/**
 * The errors that clients of downstream services throw after a 404, in the shapes of their sources. None has `expose`.
 * Stripe, undici and the AWS SDK v2 have `statusCode`; the others have the status elsewhere.
 */
export const DOWNSTREAM_ERRORS: Readonly<Record<string, () => Error>> = {
  /** stripe/stripe-node 22.5, `src/Error.ts`, class StripeError. */
  Stripe: () =>
    Object.assign(new Error('No such customer'), {
      type: 'StripeInvalidRequestError',
      rawType: 'invalid_request_error',
      code: 'resource_missing',
      requestId: 'req_1',
      headers: {},
      statusCode: 404,
      raw: { statusCode: 404, type: 'invalid_request_error' },
    }),
  /** nodejs/undici 8.10, `lib/core/errors.js`, class ResponseError. */
  undici: () =>
    Object.assign(new Error('Response Error'), {
      name: 'ResponseError',
      code: 'UND_ERR_RESPONSE',
      statusCode: 404,
      body: { error: 'not found' },
      headers: {},
    }),
  /** aws/aws-sdk-js, `lib/error.d.ts`, interface AWSError. */
  'AWS SDK v2': () =>
    Object.assign(new Error('Requested resource not found'), {
      code: 'ResourceNotFoundException',
      statusCode: 404,
      retryable: false,
      requestId: 'r-1',
      time: new Date(0),
    }),
  'AWS SDK v3': () =>
    new ResourceNotFoundException({ message: 'Requested resource not found', $metadata: { httpStatusCode: 404 } }),
  /** axios/axios 1.7, `lib/core/AxiosError.js`. */
  axios: () =>
    Object.assign(new Error('Request failed with status code 404'), {
      name: 'AxiosError',
      code: 'ERR_BAD_REQUEST',
      isAxiosError: true,
      status: 404,
      response: { status: 404, data: {} },
    }),
  /** sindresorhus/got 15.0, `source/core/errors.ts`, class HTTPError. */
  got: () =>
    Object.assign(new Error('Request failed with status code 404 (Not Found): GET https://ledger.example'), {
      name: 'HTTPError',
      code: 'ERR_NON_2XX_3XX_RESPONSE',
      response: { statusCode: 404, statusMessage: 'Not Found' },
    }),
  /** twilio/twilio-node 6.0, `src/base/RestException.ts`. */
  Twilio: () =>
    Object.assign(new Error('The requested resource was not found'), {
      status: 404,
      code: 20_404,
      moreInfo: 'https://www.twilio.com/docs/errors/20404',
    }),
}
