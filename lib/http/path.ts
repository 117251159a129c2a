/** An HTTP API's name for the route that takes what no other takes, and for the stage that is not in the path. */
export const DEFAULT = '$default'

/** What an event says of where its API begins. */
export interface PathParts {
  /** As the event has it. */
  readonly path: string
  /** Of the route; `undefined` on a function URL and an ALB, which have none. */
  readonly template: string | undefined
  readonly parameters: PathParameters
  readonly stage: string | undefined
}

type PathParameters = Readonly<Record<string, string | undefined>>

/**
 * The path that counts: the same however the API is reached.
 *
 * A REST API's path is `/orders` under execute-api, and `/shop/orders` under a custom domain with the base path `shop`.
 * An HTTP API's begins with the stage under both; the key of an API mapping is in that of the payload 1.0 only ("Create
 * AWS Lambda proxy integrations for HTTP APIs in API Gateway", Payload format differences). So the template, filled in
 * with its parameters, says where the path begins. A slash at the end does not count: a REST API takes it off a greedy
 * parameter, and leads `/orders/` to the resource `/orders`.
 */
export const pathBelowBase = ({ path, template, parameters, stage }: PathParts): string => {
  const given = withoutEndSlash(path)
  if (template === undefined) return given || '/'
  return (template === DEFAULT ? belowStage(given, stage) : tail(given, filled(template, parameters))) || '/'
}

/** The parameters that count: a greedy one may end with the slash that does not. */
export const parametersOf = (template: string | undefined, parameters: PathParameters): PathParameters => {
  const greedy = /\{([^{}+]+)\+\}/.exec(template ?? '')?.[1] ?? ''
  const value: unknown = parameters[greedy]
  return typeof value === 'string' ? { ...parameters, [greedy]: withoutEndSlash(value) } : { ...parameters }
}

const withoutEndSlash = (path: string): string => (path.endsWith('/') ? path.slice(0, -1) : path)

/** A parameter that the event lacks leaves its placeholder in the text: then no path ends with it. */
const filled = (template: string, parameters: PathParameters): string =>
  withoutEndSlash(template.replace(/\{([^{}+]+)\+?\}/g, (name, parameter: string) => parameters[parameter] ?? name))

const belowStage = (path: string, stage: string = DEFAULT): string =>
  stage !== DEFAULT && `${path}/`.startsWith(`/${stage}/`) ? path.slice(stage.length + 1) : path

/** The end of the path that is `end`: as it came, or decoded, since a middleware may have decoded the parameters. */
const tail = (path: string, end: string): string => {
  const seen = path.endsWith(end) ? path : decoded(path)
  const base = seen.slice(0, seen.length - end.length)
  return seen.endsWith(end) && path.startsWith(base) ? path.slice(base.length) : path
}

const decoded = (path: string): string => {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}
