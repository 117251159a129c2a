/** API Gateway (HTTP and REST), Lambda function URLs and Application Load Balancers. */

export type { TimedContext } from '../core/lifecycle/request.ts'
export {
  NotDoneError,
  type NotDoneErrorOptions,
  TerminalError,
  type TerminalErrorOptions,
} from '../core/outcome/handler-errors.ts'
export {
  type Answer,
  type AnswerPolicy,
  type Decision,
  storeDeterministic,
  storeEverything,
  storeSuccess,
} from '../core/outcome/outcome-policy.ts'
export type { HandlerClaim } from '../core/record/handler-claim.ts'
export { claimOf } from './context-claim.ts'
export { allowOrigins, type Cors, type CorsOptions } from './cors.ts'
export { graphql } from './graphql.ts'
export { abandon, release } from './mark.ts'
export { type IdempotencyMiddleware, idempotency, type MiddlewareOptions } from './middleware.ts'
export type { HttpOptions } from './options.ts'
export type { Problem, ProblemBody } from './problem.ts'
export type { ReplayHeaders } from './replay-headers.ts'
export type { HttpResponse } from './response.ts'
export { type IdempotentHandler, idempotent, type MiddyOptions } from './wrapper.ts'
