import type { APIGatewayRequestAuthorizerEventV2, APIGatewaySimpleAuthorizerWithContextResult } from 'aws-lambda'

interface Merchant {
  readonly merchantId: string
}

const MERCHANT_ID = /^[\x21-\x7e]{1,64}$/

/**
 * A placeholder that trusts the header `x-merchant-id`, so that you can call the example with curl. A real authorizer
 * checks a credential, such as a token or an API key, and takes the merchant from it.
 */
export const handler = async (
  event: APIGatewayRequestAuthorizerEventV2,
): Promise<APIGatewaySimpleAuthorizerWithContextResult<Merchant>> => {
  const merchantId = event.headers?.['x-merchant-id'] ?? ''
  return { isAuthorized: MERCHANT_ID.test(merchantId), context: { merchantId } }
}
