/** The merchant of every payment of this page. */
const MERCHANT = 'page'

/** The first answer to each key, to compare later ones with. */
const firstAnswers = new Map()

/** Sends one payment to the API, and returns its answer. */
export const send = async ({ key, body }) => {
  const response = await fetch('/payments', {
    method: 'POST',
    headers: { 'x-merchant-id': MERCHANT, 'idempotency-key': key, 'content-type': 'application/json' },
    body,
  })
  const text = await response.text()
  const status = response.headers.get('idempotency-status') ?? undefined
  if (status === 'created') firstAnswers.set(key, text)
  return {
    code: response.status,
    said: codeIn(text) ?? status,
    retryAfter: response.headers.get('retry-after') ?? undefined,
    isFirst: firstAnswers.has(key) ? firstAnswers.get(key) === text : undefined,
  }
}

/** The code of a problem. */
const codeIn = (text) => {
  try {
    return JSON.parse(text).code
  } catch {
    return undefined
  }
}

const post = async (path, value) => {
  const response = await fetch(path, { method: 'POST', body: JSON.stringify(value) })
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
  return response.json()
}

/** How many of twenty requests at once got which answer. */
export const sendBurst = async (request) => (await post('bursts', request)).answers

/** The store cannot be reached from now on. Returns for how many seconds. */
export const breakStore = async () => (await post('outages', {})).seconds

export const sendOrder = (order) => post('queues/orders?times=3', order)

export const curlOf = ({ key, body }, flags = '-i') =>
  `curl ${flags} ${location.origin}/payments -H 'x-merchant-id: ${MERCHANT}' -H 'idempotency-key: ${key}' ` +
  `-H 'content-type: application/json' -d '${body}'`

export const localCurlOf = (path, value) => `curl -i '${location.origin}/_local/${path}' -d '${JSON.stringify(value)}'`
