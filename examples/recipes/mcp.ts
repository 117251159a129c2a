/**
 * A tool of an MCP server. A model may call a tool again when it got no answer, so the key is an argument of the tool. The
 * result says whether it is a replay.
 */
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { IdempotencyError, once } from 'lambda-once'
import { dynamoDbStore } from 'lambda-once/dynamodb'
import { z } from 'zod'
import { charge } from './payments.ts'

const payOnce = once({
  store: dynamoDbStore({ tableName: process.env.IDEMPOTENCY_TABLE }),
  operation: 'pay-tool',
  inProgress: { waitSeconds: 20 },
})

const inputSchema = {
  amount: z.number().positive(),
  idempotencyKey: z
    .string()
    .min(1)
    .max(255)
    .describe('Choose a new key for each payment. If you call the tool again for the same payment, use the same key.'),
}

/** `tenant` is whose server this is, such as the user of the session. */
export const createServer = (tenant: string): McpServer => {
  const server = new McpServer({ name: 'payments', version: '1.0.0' })
  const annotations = { idempotentHint: true, destructiveHint: true }
  server.registerTool('pay', { inputSchema, annotations }, async ({ amount, idempotencyKey: key }) => {
    try {
      const { value, status } = await payOnce({ key, tenant, payload: { amount } }, (claim) =>
        charge(amount, claim?.downstreamKey('charge')),
      )
      return { content: [{ type: 'text', text: JSON.stringify(value) }], _meta: { 'lambda-once/status': status } }
    } catch (error) {
      if (!(error instanceof IdempotencyError)) throw error
      const { code, message, retryAfterSeconds } = error
      const text = JSON.stringify({ code, message, retryAfterSeconds })
      return { isError: true, content: [{ type: 'text', text }], _meta: { 'lambda-once/code': code } }
    }
  })
  return server
}
