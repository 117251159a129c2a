/** A route of an HTTP API: method and path template, as in its route key. */
export interface Route {
  /** For example `POST /payments/{id}/refunds`. */
  readonly routeKey: string
  /** Name of the function that handles this route. */
  readonly functionName: string
}

export interface Match {
  readonly route: Route
  readonly pathParameters: Readonly<Record<string, string>>
}

/** A path with invalid percent-encoding matches no route. */
export const matchRoute = (routes: readonly Route[], method: string, path: string): Match | undefined => {
  for (const route of routes) {
    const [routeMethod, template = ''] = route.routeKey.split(' ')
    const pathParameters = routeMethod === method ? parametersOf(template, path) : undefined
    if (pathParameters !== undefined) return { route, pathParameters }
  }
  return undefined
}

const parametersOf = (template: string, path: string): Record<string, string> | undefined => {
  const parts = template.split('/')
  const segments = path.split('/')
  if (parts.length !== segments.length) return undefined
  const parameters: Record<string, string> = {}
  for (const [index, part] of parts.entries()) {
    const segment = segments[index] ?? ''
    const name = /^\{(.+)\}$/.exec(part)?.[1]
    if (name === undefined ? part !== segment : segment === '') return undefined
    if (name === undefined) continue
    const value = decoded(segment)
    if (value === undefined) return undefined
    parameters[name] = value
  }
  return parameters
}

const decoded = (segment: string): string | undefined => {
  try {
    return decodeURIComponent(segment)
  } catch {
    return undefined
  }
}
