import type { APIGatewayRequestAuthorizerEventV2, APIGatewaySimpleAuthorizerWithContextResult } from 'aws-lambda'

interface Merchant {
  readonly merchantId: string
}

const MERCHANT_ID = /^[\x21-\x7e]{1,64}$/

/**
 * A stand-in, so that the example can be called with curl: it believes the header `x-merchant-id`, whoever sends it.
 * Your own looks at a credential, such as a token or an API key, and takes the merchant from that.
 */
export const handler = async (
  event: APIGatewayRequestAuthorizerEventV2,
): Promise<APIGatewaySimpleAuthorizerWithContextResult<Merchant>> => {
  const merchantId = event.headers?.['x-merchant-id'] ?? ''
  return { isAuthorized: MERCHANT_ID.test(merchantId), context: { merchantId } }
}
