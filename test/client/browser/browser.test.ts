import type { Browser, BrowserContext, Page } from 'playwright-core'
import { CHROMIUM, describeInChromium, launchChromium } from '../../support/chromium.ts'
import { type Shop, startShop } from './shop.ts'

interface Bought {
  readonly key: string
  readonly status: string
  readonly code: number
  readonly attempts: number
  readonly body: { readonly run: number }
  readonly error?: { readonly name: string; readonly message: string; readonly code: string; readonly attempts: number }
}

type Call = 'buy' | 'keys' | 'post' | 'upload' | 'derive'

/** Calls a function of the page's script. */
const call = <T>(page: Page, name: Call, given: unknown): Promise<T> =>
  page.evaluate(`globalThis.${name}(${JSON.stringify(given)})`)

const buy = (page: Page, given: object): Promise<Bought> => call(page, 'buy', given)

/** Host names that Chromium finds on this machine. Only `localhost` and addresses of it are secure without https. */
const INSECURE = 'shop.test'

describeInChromium('In Chromium', () => {
  let browser: Browser
  let context: BrowserContext
  let shop: Shop

  beforeAll(async () => {
    browser = await launchChromium([INSECURE])
  }, 60_000)
  afterAll(() => browser?.close())

  beforeEach(async () => {
    shop = await startShop()
    context = await browser.newContext()
  })
  afterEach(async () => {
    await context.close()
    await shop.close()
  })

  const open = async (url: string = shop.proxy.url): Promise<Page> => {
    const page = await context.newPage()
    await load(page, url)
    return page
  }
  const load = async (page: Page, url: string = shop.proxy.url): Promise<void> => {
    await page.goto(url)
    await page.waitForFunction('globalThis.derive !== undefined')
  }

  /** Begins to buy, and returns when the handler runs. */
  const begun = async (page: Page, given: object): Promise<void> => {
    shop.pause()
    buy(page, given).catch(() => {}) // the page goes away
    while (shop.runs.length === 0) await new Promise((resolve) => setTimeout(resolve, 10))
  }
  const sentKeys = (): ReadonlySet<string | undefined> =>
    new Set(shop.proxy.posts.map(({ headers }) => headers['idempotency-key']))

  test.each(['localStorage', 'sessionStorage', 'indexedDB'])(
    'J8, J12: a page that is reloaded during the purchase goes on with the key in %s, and the purchase is done once.',
    async (storage) => {
      const page = await open()
      await begun(page, { storage, cart: 'c-1' })
      await load(page)
      shop.resume()
      const { code, body } = await buy(page, { storage, cart: 'c-1' })
      expect([code, body.run, shop.runs.length, sentKeys().size]).toEqual([201, 1, 1, 1])
    },
    60_000,
  )

  test.each(['localStorage', 'indexedDB'])(
    'J8, J12: after the tab was closed during the purchase, another tab goes on with the key in %s.',
    async (storage) => {
      const page = await open()
      await begun(page, { storage, cart: 'c-1' })
      await page.close()
      shop.resume()
      const { code, body } = await buy(await open(), { storage, cart: 'c-1' })
      expect([code, body.run, shop.runs.length, sentKeys().size]).toEqual([201, 1, 1, 1])
    },
    60_000,
  )

  test.each(['localStorage', 'indexedDB'])(
    'J9, J12: two tabs that buy the same cart at once, with %s, get one purchase.',
    async (storage) => {
      const pages = await Promise.all([open(), open()])
      const at = Date.now() + 500
      const bought = await Promise.all(pages.map((page) => buy(page, { storage, cart: 'c-1', at })))
      expect(new Set(bought.map(({ key }) => key)).size).toBe(1)
      expect(bought.map(({ body }) => body.run)).toEqual([1, 1])
      expect(shop.runs).toHaveLength(1)
    },
    60_000,
  )

  test.each(['localStorage', 'indexedDB'])(
    'J9: two tabs agree on the key of each of 300 carts that they open within 10 ms of each other, with %s.',
    async (storage) => {
      const pages = await Promise.all([open(), open()])
      const carts = Array.from({ length: 300 }, (_, at) => `c-${at}`)
      const began = Date.now() + 500
      const keys = await Promise.all(
        pages.map((page, tab) => call<string[]>(page, 'keys', { storage, carts, at: began + tab * 5, gapMillis: 10 })),
      )
      expect(keys[1]).toEqual(keys[0])
      expect(new Set(keys[0]).size).toBe(300)
    },
    60_000,
  )

  test.each(['localStorage', 'sessionStorage', 'indexedDB'])(
    'J10: another body for the same cart is refused before anything is sent, with %s, until done().',
    async (storage) => {
      const page = await open()
      const cart = 'c-1'
      await buy(page, { storage, cart, json: { amount: 1 } })
      const { error } = await buy(page, { storage, cart, json: { amount: 2 } })
      expect(error).toMatchObject({ name: 'KeyReusedError', code: 'key-reused', attempts: 0 })
      expect(shop.proxy.posts).toHaveLength(1)
      await buy(page, { storage, cart, json: { amount: 1 }, done: true })
      const { status } = await buy(page, { storage, cart, json: { amount: 2 } })
      expect([status, shop.runs.length]).toEqual(['created', 2])
    },
    60_000,
  )

  test('J1, J7: a form with a file is sent as the same bytes after a lost answer.', async () => {
    const page = await open()
    shop.proxy.script('lost', 'unanswered')
    expect(await call(page, 'upload', [0, 65, 255])).toMatchObject({ status: 'replayed' })
    // Chromium itself sends a POST again if an old connection breaks, so there may be fewer attempts of the client.
    const [first, second, third] = shop.proxy.posts
    expect(shop.proxy.posts).toHaveLength(3)
    expect(first?.headers['content-type']).toMatch(/^multipart\/form-data; boundary=/)
    for (const later of [second, third]) {
      expect(later?.body).toBe(first?.body)
      expect(later?.headers).toMatchObject({
        'content-type': first?.headers['content-type'],
        'idempotency-key': first?.headers['idempotency-key'],
      })
    }
    expect(shop.runs).toHaveLength(1)
  }, 60_000)

  test('J13: an answer that breaks off is asked for again.', async () => {
    const page = await open()
    shop.proxy.script('cut')
    expect(await buy(page, { storage: 'indexedDB', cart: 'c-1' })).toMatchObject({ status: 'replayed', attempts: 2 })
  }, 60_000)

  test('A page of another origin reads the status, if the API allows its origin.', async () => {
    const page = await open()
    const url = `${shop.otherOrigin}/payments`
    expect(await call(page, 'post', { url, json: {} })).toMatchObject({ status: 'created', code: 201 })
    const key = 'k-1'
    await call(page, 'post', { url, json: { a: 1 }, key })
    expect(await call(page, 'post', { url, json: { a: 2 }, key })).toMatchObject({ error: { name: 'KeyReusedError' } })
  }, 60_000)

  test('J7: a request that cannot carry a key across origins is refused.', async () => {
    const page = await open()
    const sent = await call(page, 'post', { url: `${shop.otherOrigin}/payments`, mode: 'no-cors', json: {} })
    expect(sent).toMatchObject({ error: { name: 'UsageError', message: expect.stringContaining('no-cors') } })
    expect(shop.runs).toEqual([])
  }, 60_000)

  test('Without https a call has a key too, and what needs SHA-256 is refused before anything is sent.', async () => {
    const page = await open(shop.proxy.url.replace('127.0.0.1', INSECURE))
    expect(await page.evaluate('isSecureContext')).toBe(false)
    const { key } = await call<{ key: string }>(page, 'post', { json: {} })
    expect(key).toMatch(/^\d+-\d+-\d+-\d+$/)
    const refused = { error: { name: 'UsageError', message: 'SHA-256 needs https or localhost' } }
    expect(await buy(page, { storage: 'localStorage', cart: 'c-1' })).toMatchObject(refused)
    expect(await call(page, 'derive', ['a'])).toMatchObject(refused)
    expect(shop.runs).toHaveLength(1)
  }, 60_000)

  test('J11: deriveKey gives the same key in a browser as in Node.js.', async () => {
    const page = await open()
    expect(await call(page, 'derive', ['refund', 'order-7', 2])).toBe('tJ54x7x1vAvGX1UCpSCc1W_J0W36nQCN8DGlMkeav_0')
  }, 60_000)
})

test('Chromium is installed where it has to be.', () => {
  expect(CHROMIUM !== undefined || process.env.NEEDS_CHROMIUM === undefined).toBe(true)
})
