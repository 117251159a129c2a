import {
  type ClientRuntime,
  idempotentFetch,
  type KeyStorage,
  type OperationKey,
  operationKey,
  UnfinishedError,
} from '../../../lib/client/index.ts'
import type { World } from './network.ts'

/** One load of the shop's page. */
export interface Page {
  /** Presses the button until there is an answer. Resolves to the id of the payment. */
  buy(): Promise<string>
  /** The page is closed or reloaded: nothing in it runs any more. What it has sent goes on. */
  close(): void
}

const ORDER = { cart: 'cart-1', amount: 1999 }

interface PageOptions {
  readonly storage: KeyStorage
  readonly raw: boolean
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>
}

export const openPage = ({ time, random }: World, { storage, raw, fetch }: PageOptions): Page => {
  let isOpen = true
  /** Code of a closed page waits for ever. */
  const inPage = async <T>(work: T | Promise<T>): Promise<T> => {
    const result = await Promise.resolve(work).then(
      (value) => () => value,
      (error: unknown) => () => {
        throw error
      },
    )
    return isOpen ? result() : new Promise<never>(() => {})
  }
  const runtime: ClientRuntime = {
    now: time.now,
    sleep: (span, until) => inPage(time.sleep(span, until)),
    random: () => random.next(),
    randomKey: () => crypto.randomUUID(),
  }
  const pay = idempotentFetch({
    attempts: random.between(1, 8),
    deadlineSeconds: random.between(5, 120),
    attemptSeconds: random.between(2, 30),
    raw,
    runtime,
    fetch: (url, init) => inPage(fetch(url, init)),
  })
  const keyOf = (): Promise<OperationKey> =>
    inPage(operationKey((name, change) => inPage(storage(name, change)), ['checkout', ORDER.cart], { runtime }))

  const press = async (): Promise<string> => {
    const { response } = await pay('/payments', { method: 'POST', json: ORDER, key: await keyOf() })
    if (response.status !== 201) throw new Error(`The purchase ended with ${response.status}: ${await response.text()}`)
    return ((await response.json()) as { id: string }).id
  }

  const buy = async (): Promise<string> => {
    try {
      return await inPage(press())
    } catch (error) {
      if (!(error instanceof UnfinishedError)) throw error
      await runtime.sleep(random.between(0, 20_000))
      return buy()
    }
  }
  return {
    buy,
    close: () => {
      isOpen = false
    },
  }
}
