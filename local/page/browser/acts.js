import { breakStore, curlOf, localCurlOf, send, sendBurst, sendOrder } from './api.js'

const sleep = (millis) => new Promise((resolve) => setTimeout(resolve, millis))

/** Keys that no earlier visit of this page has used. */
const visit = Date.now().toString(36).slice(-5)

const orderOf = (number, source) => ({
  key: `order-${number}-${visit}`,
  body: JSON.stringify({ amount: 1999, currency: 'EUR', source }),
})

const withOtherAmount = ({ key, body }) => ({ key, body: JSON.stringify({ ...JSON.parse(body), amount: 2999 }) })

const stockOrderOf = (number) => ({ merchantId: 'page', orderId: `o-${number}-${visit}`, sku: 'sku_book', quantity: 2 })

/** The requests that the act sends, one after the other. */
const inTurn = async (...requests) => {
  const answers = []
  for (const request of requests) answers.push(await send(request))
  return answers
}

const slowOwner = async (request) => {
  const owner = send(request)
  await sleep(1_000)
  const meanwhile = await send(request)
  return [meanwhile, await owner, await send(request)]
}

const TWENTY = `for i in $(seq 20); do \\\n  `

/**
 * What a person can do. `source`: the act makes a new order, which this test source of the provider pays. Without it the
 * act repeats the last order. `run` returns the answers; `counts` are those of many requests at once. `next` holds
 * if an answer has the status `after`.
 */
export const ACTS = [
  {
    name: 'Pay',
    group: 'A client',
    says: 'A new payment with a new key.',
    source: 'tok_ok',
    curl: curlOf,
    run: async (request) => ({ answers: await inTurn(request) }),
    after: 201,
    next: 'Press Retry: the same answer comes back, and nothing is charged.',
  },
  {
    name: 'Retry',
    group: 'A client',
    says: 'The last request again, as a client does after a time-out.',
    curl: curlOf,
    run: async (request) => ({ answers: await inTurn(request) }),
  },
  {
    name: 'Retry with another body',
    group: 'A client',
    says: 'The last key with another amount: a mistake of the client.',
    curl: (request) => curlOf(withOtherAmount(request)),
    run: async (request) => ({ answers: await inTurn(withOtherAmount(request)) }),
  },
  {
    name: '20 at once',
    group: 'A client',
    says: 'A double click, times ten: twenty requests with one new key.',
    source: 'tok_slow',
    curl: (request) => `${TWENTY}${curlOf(request, "-s -o /dev/null -w '%{http_code}\\n'")} &\ndone; wait`,
    run: async (request) => ({ counts: await sendBurst(request) }),
    after: 201,
    next: 'One of them ran. Look at the ledger: there is one charge.',
  },
  {
    name: 'Lose the answer',
    group: 'Trouble',
    says: 'The provider charges, and the connection breaks before its answer.',
    source: 'tok_cut_after',
    curl: curlOf,
    run: async (request) => ({ answers: await inTurn(request) }),
    after: 500,
    next: 'Press Retry: it runs again with the same downstream key, and the provider answers with the charge that it has.',
  },
  {
    name: 'Crash before the charge',
    group: 'Trouble',
    says: 'The process of the function dies after the claim, and before it calls the provider.',
    source: 'tok_crash_before',
    curl: curlOf,
    run: async (request) => ({ answers: await inTurn(request) }),
    after: 500,
    next: 'Press Retry: 409 until the lease ends. After that it runs, and charges for the first time.',
  },
  {
    name: 'Crash after the charge',
    group: 'Trouble',
    says: 'The process of the function dies after the provider has charged, and before it answers.',
    source: 'tok_crash',
    curl: curlOf,
    run: async (request) => ({ answers: await inTurn(request) }),
    after: 500,
    next: 'Press Retry: 409 until the lease ends. After that it runs again, and charges nothing more.',
  },
  {
    name: 'Make the store fail',
    group: 'Trouble',
    says: 'The database cannot be reached for a while, and a payment comes.',
    source: 'tok_ok',
    curl: (request) => `${localCurlOf('outages', {})}; \\\n${curlOf(request)}`,
    run: async (request) => {
      const seconds = await breakStore()
      return { answers: await inTurn(request), note: `The store cannot be reached for ${seconds} s.` }
    },
    after: 503,
    next: 'Wait until the store can be reached, and press Retry: the payment runs.',
  },
  {
    name: 'Slow owner',
    group: 'Trouble',
    says: 'The first request takes 3 s. A retry comes after 1 s, and another one at the end.',
    source: 'tok_slow',
    curl: (request) => `${curlOf(request)} & \\\nsleep 1; ${curlOf(request)}; wait; \\\n${curlOf(request)}`,
    run: async (request) => ({ answers: await slowOwner(request) }),
  },
  {
    name: 'Send an order three times',
    group: 'A queue',
    says: 'One order for stock, three times on the queue, as a queue may deliver it.',
    isOrder: true,
    curl: (order) => localCurlOf('queues/orders?times=3', order),
    run: async (order) => {
      await sendOrder(order)
      return { answers: [], note: 'Three messages are on the queue. The worker reserves stock once: see the ledger.' }
    },
  },
]

/** The numbers of the orders, and the last one of them. */
export const createDesk = () => {
  let number = 1
  let last
  return {
    /** What the act would send; `undefined` if there is nothing to repeat yet. */
    planned: ({ source, isOrder }) => {
      if (isOrder) return stockOrderOf(number)
      return source === undefined ? last : orderOf(number, source)
    },
    /** The same, and it counts as sent. */
    take(act) {
      const request = this.planned(act)
      if (act.source !== undefined) last = request
      if (act.source !== undefined || act.isOrder) number += 1
      return request
    },
  }
}
