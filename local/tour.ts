import { ORDERS_QUEUE, PROVIDER } from './example-api.ts'

/** One example to try: what it shows, and the shell command. */
export interface TourStep {
  readonly shows: string
  readonly command: string
}

export interface TourOf {
  readonly url: string
  readonly functionTimeoutSeconds: number
  /** Appended to every key, so that keys are new even if the database kept those of an earlier start. */
  readonly keySuffix: string
}

interface Payment {
  readonly url: string
  readonly merchant: string
  readonly key?: string
  readonly amount?: number
  readonly source?: string
}

/**
 * The lease lasts one second longer than the run can, clocks may differ by two seconds, the store reports its time in
 * whole seconds, and one more second covers rounding up.
 */
const LEASE_SLACK_SECONDS = 5

/**
 * A payment in doubt runs again only if its lease, which lasts one second longer than the run can, and the two seconds for
 * clocks end within the window. After that the provider is asked; one more second is enough.
 */
const secondsUntilAsked = (functionTimeoutSeconds: number): number =>
  Math.max(functionTimeoutSeconds + LEASE_SLACK_SECONDS, PROVIDER.rerunWithinSeconds - functionTimeoutSeconds - 2)

/** The first batch has to start the worker. */
const WORKER_SECONDS = 3

/** A message becomes a dead letter when it is visible again after its last receive, and the event source polls. */
const DEAD_LETTER_SECONDS = ORDERS_QUEUE.visibilitySeconds * ORDERS_QUEUE.maxReceiveCount + 3

export const tour = (settings: TourOf): readonly TourStep[] => [...paymentSteps(settings), ...orderSteps(settings)]

const paymentSteps = ({ url, functionTimeoutSeconds, keySuffix }: TourOf): readonly TourStep[] => {
  const first = { url, merchant: 'acme', key: `order-1${keySuffix}` }
  const inDoubt = { url, merchant: `crash-test${keySuffix}` }
  const lost = { ...inDoubt, key: `order-3${keySuffix}`, source: 'tok_cut_after' }
  const crash = { ...inDoubt, key: `order-4${keySuffix}`, source: 'tok_crash' }
  return [
    { shows: 'A payment: 201, Idempotency-Status: created', command: curl(first) },
    { shows: 'Its retry: 201, the same body, Idempotency-Status: replayed', command: curl(first) },
    { shows: 'The same key with another body: 422, key-reused', command: curl({ ...first, amount: 2999 }) },
    { shows: 'No key: 400, key-missing', command: curl({ url, merchant: 'acme' }) },
    {
      shows: '20 requests at once with one key: one 201, nineteen 409',
      command: parallel({ url, merchant: 'acme', key: `order-2${keySuffix}`, source: 'tok_slow' }),
    },
    { shows: 'The provider charges, and its answer is lost: 500', command: curl(lost) },
    {
      shows: 'Its retry, at once: 201. It runs again with the same downstream key, and charges nothing more',
      command: curl(lost),
    },
    { shows: 'A crash, after the provider has charged and before the answer: 500', command: curl(crash) },
    {
      shows: 'Its retry, at once: 409, in-progress, with Retry-After: the layer cannot know yet that it crashed',
      command: curl(crash),
    },
    {
      shows: 'Its retry, after the window for reruns: 201, replayed. Nothing runs: the layer asks the provider',
      command: `sleep ${secondsUntilAsked(functionTimeoutSeconds)}; ${curl(crash)}`,
    },
    {
      shows: 'What the provider has charged for the last two: 200, one charge for each',
      command: `curl -i '${url}${PROVIDER.path}/charges?reference=${crash.merchant}'`,
    },
  ]
}

const orderSteps = ({ url, keySuffix }: TourOf): readonly TourStep[] => {
  const merchantId = `shop${keySuffix}`
  const queue = `${url}/_local/queues/${ORDERS_QUEUE.name}`
  const send = (query: string, orderId: string, sku: string): string =>
    `curl -i '${queue}${query}' -d '${JSON.stringify({ merchantId, orderId, sku, quantity: 2 })}'`
  return [
    {
      shows: 'One order, three times on the queue: 202, with three message ids',
      command: send('?times=3', 'o-1', 'sku_book'),
    },
    {
      shows: 'The result: 200, one order, and stock reserved once',
      command: `sleep ${WORKER_SECONDS}; curl -i ${url}/orders -H 'x-merchant-id: ${merchantId}'`,
    },
    { shows: 'An order whose every run throws: 202', command: send('', 'o-2', 'sku_poison') },
    {
      shows: 'After three runs it stopped, and became a dead letter with its reason: 200',
      command: `sleep ${DEAD_LETTER_SECONDS}; curl -i ${queue}`,
    },
  ]
}

export const tourText = (steps: readonly TourStep[]): string =>
  steps.map(({ shows, command }) => `${shows}\n  ${command}\n`).join('\n')

const curl = (payment: Payment, flags: string = '-i'): string => {
  const { url, merchant, key, amount = 1999, source = 'tok_ok' } = payment
  const headers = [`x-merchant-id: ${merchant}`, ...(key === undefined ? [] : [`idempotency-key: ${key}`])]
  const shown = headers.map((header) => `-H '${header}'`).join(' ')
  const body = JSON.stringify({ amount, currency: 'EUR', source })
  return `curl ${flags} ${url}/payments ${shown} \\\n    -H 'content-type: application/json' -d '${body}'`
}

/** A subshell, so that the shell does not report its jobs. */
const parallel = (payment: Payment): string =>
  `(for i in $(seq 20); do \\\n    ${curl(payment, "-s -o /dev/null -w '%{http_code}\\n'")} & \\\n    done; wait) | sort | uniq -c`
