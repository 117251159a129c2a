import { type Effect, type Provider, type ProviderRequest, type ProviderRules, startProvider } from './provider.ts'

/** The providers of docs/downstream.md, by the environment variable that its examples read their address from. */
export type ProviderName = 'STRIPE_URL' | 'PAYPAL_URL' | 'SQUARE_URL' | 'EXPORTS_URL' | 'BANK_URL' | 'TWILIO_URL'

const PAGE = 2

/** With small pages, so that a reader who ignores the cursor does not find a payment. */
const squareList = (effects: readonly Effect[], { url }: ProviderRequest): unknown => {
  const from = Number(url.searchParams.get('cursor') ?? 0)
  const page = [...effects].reverse().slice(from, from + PAGE)
  const payments = page.map(({ id, request }) => ({
    id,
    status: request.body.source_id === 'cnon:fails-later' ? 'FAILED' : 'COMPLETED',
    reference_id: request.body.reference_id,
  }))
  return { payments, ...(from + PAGE < effects.length ? { cursor: String(from + PAGE) } : {}) }
}

const RULES: Readonly<Record<ProviderName, ProviderRules>> = {
  // Saves each answer once the endpoint has begun, also a 500; not that of its rate limiter.
  STRIPE_URL: {
    keyOf: ({ headers }) => headers['idempotency-key'],
    remembers: (status) => status !== 401 && status !== 429,
    answer: ({ id }) => ({ id, object: 'payment_intent', status: 'succeeded' }),
    mismatch: 400,
  },
  PAYPAL_URL: {
    keyOf: ({ headers }) => headers['paypal-request-id'],
    remembers: (status) => status < 300,
    answer: ({ id }) => ({ id, status: 'COMPLETED' }),
    mismatch: 422,
  },
  SQUARE_URL: {
    keyOf: ({ body }) => body.idempotency_key,
    remembers: (status) => status < 300,
    answer: ({ id }) => ({ payment: { id, status: 'COMPLETED' } }),
    mismatch: 400,
    list: squareList,
  },
  EXPORTS_URL: {
    keyOf: ({ body }) => body.ClientToken,
    remembers: (status) => status < 300,
    answer: ({ id }) => ({ ExportDescription: { ExportArn: `arn:aws:dynamodb:::export/${id}` } }),
    refusal: (status) => ({ __type: status === 400 ? 'LimitExceededException' : 'InternalServerError' }),
    mismatch: 400,
  },
  BANK_URL: {
    keyOf: ({ body }) => body.reference,
    remembers: () => false,
    answer: ({ id }) => ({ id }),
    mismatch: 400,
    list: (effects, { url }) =>
      effects.filter(({ key }) => key === url.searchParams.get('reference')).map(({ id }) => ({ id })),
  },
  TWILIO_URL: {
    keyOf: () => undefined,
    remembers: () => false,
    answer: ({ id }) => ({ sid: id }),
    mismatch: 400,
  },
}

export interface Providers {
  readonly of: Readonly<Record<ProviderName, Provider>>
  close(): void
}

/** Starts all of them, and sets their variables. */
export const startProviders = async (): Promise<Providers> => {
  const started = await Promise.all(
    Object.entries(RULES).map(async ([name, rules]) => [name, await startProvider(rules)] as const),
  )
  for (const [name, { url }] of started) process.env[name] = url
  return {
    of: Object.fromEntries(started) as Record<ProviderName, Provider>,
    close: () => {
      for (const [, provider] of started) provider.close()
    },
  }
}
