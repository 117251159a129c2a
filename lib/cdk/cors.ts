/** What a browser has to be told of the layer, since by itself it sends no such header, and shows none to a script. */
export const LAYER_REQUEST_HEADERS: readonly string[] = ['idempotency-key']
export const LAYER_RESPONSE_HEADERS: readonly string[] = [
  'idempotency-status',
  'idempotent-replayed',
  'link',
  'location',
  'retry-after',
]

/** Beside the layer's: a JSON API with a token. */
const USUAL_REQUEST_HEADERS = ['authorization', 'content-type']

export const allowedHeaders = (more: readonly string[] = []): string[] => [
  ...new Set([...USUAL_REQUEST_HEADERS, ...LAYER_REQUEST_HEADERS, ...more.map((name) => name.toLowerCase())]),
]
