/** API Gateway (HTTP and REST), Lambda function URLs and Application Load Balancers. */
export type { HandlerClaim } from './core/handler-claim.ts'
export {
  NotDoneError,
  type NotDoneErrorOptions,
  TerminalError,
  type TerminalErrorOptions,
} from './core/handler-errors.ts'
export type { TimedContext } from './core/lifecycle/request.ts'
export {
  type Answer,
  type AnswerPolicy,
  type Decision,
  storeDeterministic,
  storeEverything,
  storeSuccess,
} from './core/outcome-policy.ts'
export { claimOf } from './http/context-claim.ts'
export type { Cors } from './http/cors.ts'
export { graphql } from './http/graphql.ts'
export { abandon, release } from './http/mark.ts'
export { type IdempotencyMiddleware, idempotency, type MiddlewareOptions } from './http/middleware.ts'
export type { HttpOptions } from './http/options.ts'
export type { Problem, ProblemBody } from './http/problem.ts'
export type { ReplayHeaders } from './http/replay-headers.ts'
export type { HttpResponse } from './http/response.ts'
export { type IdempotentHandler, idempotent, type LambdaContext, type MiddyOptions } from './http/wrapper.ts'
