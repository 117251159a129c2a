import type { MiddlewareObj } from '@middy/core'
import type { HttpResponse } from 'lambda-once/http'

const HEADERS = { 'strict-transport-security': 'max-age=63072000', 'x-content-type-options': 'nosniff' }

/**
 * Adds security headers to every answer. Placed outside the idempotency wrapper, it covers replays and problems too.
 */
export const securityHeaders = (): MiddlewareObj<unknown, HttpResponse> => ({
  after: (request) => {
    if (request.response === null || request.response === undefined) return
    request.response = { ...request.response, headers: { ...request.response.headers, ...HEADERS } }
  },
})
