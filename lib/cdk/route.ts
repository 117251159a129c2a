/** A route as API Gateway writes it: `POST /payments/{id}/refunds`. */
export interface Route {
  readonly method: string
  readonly path: string
}

const ROUTE = /^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|ANY) (\/\S*)$/

export const readRoute = (route: string): Route => {
  const [, method, path] = ROUTE.exec(route) ?? []
  if (method !== undefined && path !== undefined) return { method, path }
  throw new Error(`route is "${route}"; it must be a method and a path, such as "POST /payments/{id}/refunds"`)
}
