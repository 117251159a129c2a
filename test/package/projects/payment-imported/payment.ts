import type { APIGatewayProxyEventV2, Context } from 'aws-lambda'

/** For CommonJS, with a TypeScript setting under which a CommonJS file cannot import an ES module statically. */
const paymentHandler = async () => {
  const { idempotent } = await import('lambda-once/http')
  const { memoryStore } = await import('lambda-once/memory')
  return idempotent(
    async (event: APIGatewayProxyEventV2, _context, claim) => ({
      statusCode: 201,
      body: `${event.body}, attempt ${claim?.attempt}`,
    }),
    { store: memoryStore(), operation: 'payments', tenant: 'single-tenant' },
  )
}

const ready = paymentHandler()

export const handler = async (event: APIGatewayProxyEventV2, context: Context) => (await ready)(event, context)
