import type { AbandonedChoice, Predecessor, Question } from '../core/lifecycle/reconciliation.ts'
import { isObject, type Rules } from '../core/option-rules.ts'
import type { HttpOptions } from '../http/options.ts'

/** A request as an HTTP API with payload 2.0 sends it, with the framework's own request, which your functions get. */
export interface CarriedEvent<TRequest> {
  readonly version: '2.0'
  readonly routeKey: '$default'
  readonly rawPath: string
  readonly rawQueryString: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
  readonly isBase64Encoded: boolean
  readonly requestContext: { readonly http: { readonly method: string } }
  readonly carried: TRequest
}

/** Where a request goes; the query with its `?`. */
export interface RequestTarget {
  readonly pathname: string
  readonly search: string
}

export const carriedEvent = <TRequest>(
  carried: TRequest,
  method: string,
  { pathname, search }: RequestTarget,
  rest: Pick<CarriedEvent<TRequest>, 'headers' | 'body' | 'isBase64Encoded'>,
): CarriedEvent<TRequest> => ({
  version: '2.0',
  routeKey: '$default',
  rawPath: pathname,
  rawQueryString: search.slice(1),
  requestContext: { http: { method } },
  carried,
  ...rest,
})

/** The options of a framework's middleware: those of `idempotent`, whose functions take the framework's request. */
export type FrameworkOptions<TRequest> = Omit<HttpOptions<TRequest>, 'otherEvents'>

/** Rules of options that mean nothing behind a framework. */
export const FRAMEWORK_RULES: Rules = {
  otherEvents: { refused: true, rule: () => 'must be absent: a framework answers HTTP requests only' },
}

type AnyFunction = (subject: unknown) => unknown

/** The options whose functions take the event as their only argument. */
const OF_EVENT = ['tenant', 'key', 'payload', 'likelyReplay', 'route'] as const

/** The same options for the lifecycle, which knows the event. What is not right stays as it is, and is refused there. */
export const overCarried = <TRequest>(options: FrameworkOptions<TRequest>): HttpOptions<CarriedEvent<TRequest>> => {
  if (!isObject(options)) return options as never
  const mapped: Record<string, unknown> = { ...options }
  for (const name of OF_EVENT) {
    const given = mapped[name]
    if (typeof given === 'function') mapped[name] = ofCarried(given as AnyFunction)
  }
  const { problem, abandoned, predecessor } = options as FrameworkOptions<TRequest>
  if (typeof problem === 'function') {
    mapped.problem = (about: never, { carried }: CarriedEvent<TRequest>) => problem(about, carried)
  }
  if (isObject(abandoned)) mapped.abandoned = abandonedOver(abandoned as AbandonedChoice<TRequest>)
  if (isObject(predecessor)) mapped.predecessor = predecessorOver(predecessor as unknown as Predecessor<TRequest>)
  return mapped as unknown as HttpOptions<CarriedEvent<TRequest>>
}

const ofCarried =
  (given: AnyFunction) =>
  ({ carried }: CarriedEvent<unknown>): unknown =>
    given(carried)

const carriedBy = <TRequest>(question: Question<CarriedEvent<TRequest>>): Question<TRequest> => ({
  ...question,
  subject: question.subject.carried,
})

const abandonedOver = <TRequest>(abandoned: AbandonedChoice<TRequest>): AbandonedChoice<CarriedEvent<TRequest>> =>
  typeof abandoned === 'object' && typeof abandoned.decider === 'function'
    ? { decider: (question) => abandoned.decider(carriedBy(question)) }
    : (abandoned as never)

const predecessorOver = <TRequest>(predecessor: Predecessor<TRequest>): Predecessor<CarriedEvent<TRequest>> =>
  typeof predecessor.lookInto === 'function'
    ? { lookInto: (question, ask) => predecessor.lookInto(carriedBy(question), ask) }
    : (predecessor as never)
