import middy from '@middy/core'
import { type Answer, aContext, type HttpEvent } from '../workload/http.ts'

/** A Middy chain, called as by Lambda. The casts are needed because Middy's types fit one event type at a time. */
export const chain = (
  handler: (event: HttpEvent) => Promise<Answer>,
  middleware?: object,
): ((event: HttpEvent) => Promise<Answer>) => {
  const base = middy()
  if (middleware !== undefined) base.use(middleware as Parameters<typeof base.use>[0])
  const made = base.handler(handler as never) as unknown as (event: HttpEvent, context: object) => Promise<Answer>
  return (event) => made(event, aContext())
}
