export interface Answer {
  readonly statusCode: number
  readonly body: string
}

/** The parts of an HTTP API event that matter here. */
export interface HttpEvent {
  readonly version: '2.0'
  readonly routeKey: string
  readonly rawPath: string
  readonly rawQueryString: string
  readonly headers: Readonly<Record<string, string>>
  readonly requestContext: { readonly http: { readonly method: string }; readonly domainName: string }
  readonly body: string
  readonly isBase64Encoded: boolean
}

/** The size of the answer to a payment: a small receipt, or a list of 3 KB. */
export type AnswerSize = 'receipt' | 'list'

export const aPayment = (key: string, size: AnswerSize = 'receipt'): HttpEvent => ({
  version: '2.0',
  routeKey: 'POST /payments',
  rawPath: '/payments',
  rawQueryString: '',
  headers: {
    accept: 'application/json',
    'content-type': 'application/json',
    'content-length': '212',
    host: 'abc123.execute-api.us-east-1.amazonaws.com',
    'idempotency-key': key,
    'user-agent': 'checkout/4.2 (node)',
    'x-amzn-trace-id': 'Root=1-67891233-abcdef012345678912345678',
    'x-answer-size': size,
    'x-forwarded-for': '203.0.113.10',
    'x-forwarded-port': '443',
    'x-forwarded-proto': 'https',
  },
  requestContext: { http: { method: 'POST' }, domainName: 'abc123.execute-api.us-east-1.amazonaws.com' },
  body: JSON.stringify({
    amount: 19.99,
    currency: 'EUR',
    merchant: 'm-4711',
    customer: { id: 'c-0815', country: 'DE', tags: ['new', 'newsletter'] },
    items: [
      { sku: 'A-1', quantity: 2, price: 5 },
      { sku: 'B-7', quantity: 1, price: 9.99 },
    ],
  }),
  isBase64Encoded: false,
})

const RECEIPT = JSON.stringify({ paymentId: 'pay_01HZX', status: 'captured', amount: 19.99, currency: 'EUR' })

/** 3 KB of JSON, as lists usually are: each element has the same members. */
const LIST = JSON.stringify(
  Array.from({ length: 30 }, (_, index) => ({
    paymentId: `pay_01HZX${1_000 + index * 37}`,
    status: index % 7 === 0 ? 'refunded' : 'captured',
    amount: 10 + index * 1.37,
    currency: 'EUR',
    customer: `c-${4_711 + index}`,
  })),
)

let gate: Promise<void> | undefined

/** The next handler waits until the returned function is called. Until then, duplicates meet its claim in progress. */
export const closeGate = (): (() => void) => {
  let open = (): void => {}
  gate = new Promise((resolve) => {
    open = resolve
  })
  return () => open()
}

/** The handler that every subject protects. */
export const pay = async (event: HttpEvent): Promise<Answer & { headers: Record<string, string> }> => {
  const { amount } = JSON.parse(event.body) as { amount: number }
  if (!(amount > 0)) throw new TypeError('amount')
  const closed = gate
  gate = undefined
  if (closed !== undefined) await closed
  return {
    statusCode: 201,
    headers: { 'content-type': 'application/json', location: '/payments/pay_01HZX' },
    body: event.headers['x-answer-size'] === 'list' ? LIST : RECEIPT,
  }
}

export const aContext = (): object => {
  const end = Date.now() + 10_000
  return { awsRequestId: 'c6af9ac6', functionName: 'payments', getRemainingTimeInMillis: () => end - Date.now() }
}
