/** An HTTP API's name for the route that matches what no other route does, and for the stage that is not in the path. */
export const DEFAULT = '$default'

/** What an event says about where its API's paths begin. */
export interface PathParts {
  /** The event's own. */
  readonly path: string
  /** The route's. A function URL and an ALB have none. */
  readonly template: string | undefined
  readonly parameters: PathParameters
  readonly stage: string | undefined
}

type PathParameters = Readonly<Record<string, string | undefined>>

/**
 * The path without stage, base path and final slash, so it does not depend on the domain name of the request.
 *
 * A REST API's path is `/orders` under execute-api, and `/shop/orders` under a custom domain with the base path `shop`. An
 * HTTP API's path begins with the stage under both. Only the payload 1.0 has the key of an API mapping in the path ("Create
 * AWS Lambda proxy integrations for HTTP APIs in API Gateway", Payload format differences). So the end of the path that
 * equals the template, with its parameters filled in, is the path below the base.
 *
 * A final slash does not count: a REST API removes it from a greedy parameter, and routes `/orders/` to the resource
 * `/orders`.
 */
export const pathBelowBase = ({ path, template, parameters, stage }: PathParts): string => {
  const given = withoutEndSlash(path)
  if (template === undefined) return given || '/'
  return (template === DEFAULT ? belowStage(given, stage) : tail(given, filled(template, parameters))) || '/'
}

/** The path parameters. A greedy one loses its final slash, which does not count. */
export const parametersOf = (template: string | undefined, parameters: PathParameters): PathParameters => {
  const greedy = /\{([^{}+]+)\+\}/.exec(template ?? '')?.[1] ?? ''
  const value: unknown = parameters[greedy]
  return typeof value === 'string' ? { ...parameters, [greedy]: withoutEndSlash(value) } : { ...parameters }
}

const withoutEndSlash = (path: string): string => (path.endsWith('/') ? path.slice(0, -1) : path)

/** If the event lacks a parameter, its placeholder stays in the text. No path ends with that. */
const filled = (template: string, parameters: PathParameters): string =>
  withoutEndSlash(template.replace(/\{([^{}+]+)\+?\}/g, (name, parameter: string) => parameters[parameter] ?? name))

const belowStage = (path: string, stage: string = DEFAULT): string =>
  stage !== DEFAULT && `${path}/`.startsWith(`/${stage}/`) ? path.slice(stage.length + 1) : path

/** The end of the path that equals `end`. A middleware may have decoded the parameters, so the decoded path counts too. */
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
