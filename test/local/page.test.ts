import { execFile } from 'node:child_process'
import { request as httpRequest } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Browser, Page } from 'playwright-core'
import { describeInChromium, launchChromium } from '../support/chromium.ts'
import { killRunning, type LocalProcess, startLocal } from '../support/local-process.ts'
import { fitsItsWindow, readable, screenshot } from '../support/page-checks.ts'

/** On a busy machine Java and the processes of the functions take several times as long to start. */
const PATIENCE = 120_000

let local: LocalProcess
let url: string

/** A shorter time-out ends a lease earlier, after a crash. `tok_slow` takes 3 s of it. */
beforeAll(async () => {
  local = startLocal(['--port', '0', '--function-timeout', '8'])
  url = await local.url()
}, PATIENCE)
afterAll(killRunning)

const send = (
  path: string,
  {
    method = 'GET',
    headers = {},
    body = '',
  }: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<{ readonly status: number; readonly headers: Readonly<Record<string, unknown>>; readonly body: string }> =>
  new Promise((resolve, reject) => {
    const sent = httpRequest(url + path, { method, headers, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      response.once('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }))
    })
    sent.once('error', reject).end(body)
  })

const WRITES = ['/_local/outages', '/_local/bursts', '/_local/queues/orders', '/_local/provider/charges', '/_local/sqs']

test('Everything below /_local/ refuses a host name that is not of this computer.', async () => {
  const { port } = new URL(url)
  for (const host of ['evil.example', `evil.example:${port}`, `127.0.0.1.evil.example:${port}`])
    for (const path of [
      '/_local/',
      '/_local/records',
      '/_local/timeline',
      '/_local/provider/charges',
      '/_local/queues/orders',
    ])
      expect([path, host, (await send(path, { headers: { host } })).status]).toEqual([path, host, 403])
  expect((await send('/_local/', { headers: { host: `localhost:${port}` } })).status).toBe(200)
})

test('A page of another site can write nothing below /_local/.', async () => {
  for (const origin of ['https://evil.example', 'null', url.replace('http:', 'https:'), `${url}0`])
    for (const path of WRITES) {
      const { status, body } = await send(path, { method: 'POST', headers: { origin }, body: '{}' })
      expect([path, origin, status, body]).toEqual([path, origin, 403, 'A page of another site cannot do this.\n'])
    }
  expect(JSON.parse((await send('/_local/provider/charges')).body)).toEqual({ charges: [] })
})

test('The page has a policy against other sources and inline scripts, and paths lead nowhere else.', async () => {
  expect((await send('/_local/')).headers['content-security-policy']).toMatch(/^default-src 'self';/)
  expect((await send('/_local/timeline', { method: 'POST' })).status).toBe(405)
  for (const path of ['files/../../package.json', 'files/local/page/browser/%2e%2e/feed.ts', 'files/'])
    expect([path, (await send(`/_local/${path}`)).status]).toEqual([path, 404])
  expect((await send('/_local/bursts', { method: 'POST', body: '{"key":"a b"}' })).status).toBe(400)
  expect((await send('/_local')).headers.location).toBe('/_local/')
})

describeInChromium('In Chromium, the page of npm start', () => {
  let browser: Browser
  let page: Page
  const errors: string[] = []

  beforeAll(async () => {
    browser = await launchChromium()
    page = await browser.newPage({ viewport: { width: 1280, height: 900 }, colorScheme: 'light' })
    // Chromium reports each refused payment as an error, too.
    page.on('console', (message) => {
      if (message.type() === 'error' && !/status of (409|422|500|503)/.test(message.text())) errors.push(message.text())
    })
    page.on('pageerror', ({ message }) => void errors.push(message))
    await page.goto(`${url}/_local/`)
    await storeIs('The store can be reached')
  }, PATIENCE)
  afterAll(() => browser?.close())
  afterEach(() => expect(errors).toEqual([]))

  const storeIs = (text: string): Promise<void> => page.locator('#store', { hasText: text }).waitFor()

  const button = (name: string) => page.getByRole('button', { name, exact: true })

  /** Does something that writes into the journal, and returns what it writes. */
  const written = async (act: () => Promise<void>): Promise<string> => {
    await page.evaluate(`for (const li of document.querySelectorAll('#journal > li')) li.dataset.old = ''`)
    await act()
    const entry = page.locator('#journal > li:not([data-old])')
    await entry.waitFor({ timeout: 60_000 })
    return entry.innerText()
  }
  const click = (name: string): Promise<string> => written(() => button(name).click())

  /** Waits until the text is in the panel. */
  const sees = async (name: string, text: string | RegExp): Promise<void> => {
    const panel = page.getByRole('region', { name, exact: true })
    try {
      await panel.getByText(text).first().waitFor()
    } catch {
      throw new Error(`There is no ${text} in: ${await panel.innerText()}`)
    }
  }

  const keyIn = (entry: string): string => /: (order-\S+)/.exec(entry)?.[1] ?? ''

  test(
    'A person who has only a keyboard pays: the focus is seen, stays, and the answer is said.',
    async () => {
      expect(await button('Retry').getAttribute('aria-disabled')).toBe('true')
      await page.keyboard.press('Tab')
      expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to what happened')
      await page.keyboard.press('Tab')
      expect(await page.evaluate('document.activeElement.textContent')).toBe('Pay')
      expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid')
      const entry = await written(() => page.keyboard.press('Enter'))
      expect(entry).toMatch(/^Pay: order-1-\w+\n.*201 created The function ran, and its answer is stored\./s)
      expect(await page.evaluate('document.activeElement.textContent')).toBe('Pay')
      expect(await page.getByRole('log').innerText()).toContain(entry)

      // A busy database may need a second try for the first calls.
      await sees('Timeline', /claimed the key .*called the provider \(POST \/charges, \d+ ms\).*stored the answer/)
      const bars = await page
        .locator('.lane .bar')
        .evaluateAll((all) => all.map((bar) => (bar as { title: string }).title))
      expect(bars.map((title) => title.split(':')[0])).toEqual(
        expect.arrayContaining(['claim', 'run', 'effect', 'settle']),
      )
      await sees('Records', keyIn(entry))
      await page.locator('.record summary').first().press('Enter')
      await sees('Records', 'gets the stored answer until the record expires')
      await sees('Records', /\d+ bytes of the kind json/)
      await sees('Ledger', '1 charge at the provider, 1 payment here. Nobody was charged twice.')
    },
    PATIENCE,
  )

  test(
    'A retry gets the first answer, byte for byte; another body is refused.',
    async () => {
      expect(await click('Retry')).toContain(
        '201 replayed The stored answer. The function did not run. It is the first answer, byte for byte.',
      )
      await sees('Timeline', 'found the stored answer: ran nothing')
      expect(await click('Retry with another body')).toContain(
        '422 key-reused The key was used with another body. Nothing ran.',
      )
      await sees('Timeline', '422 key-reused')
    },
    PATIENCE,
  )

  test(
    'Of twenty requests at once one runs, and there is one more charge.',
    async () => {
      const entry = await click('20 at once')
      const answers = [...entry.matchAll(/(\d+) × (\d+ \S+)/g)].map(([, times, answer]) => [answer, Number(times)])
      const counts = Object.fromEntries(answers) as Record<string, number>
      const { '201 created': created, ...others } = counts
      expect(created).toBe(1)
      expect(Object.values(others).reduce((sum, times) => sum + times, 0)).toBe(19)
      // On a busy machine some come after the first has ended, or the store does not answer them in time. Those run nothing.
      expect(['409 in-progress', '201 replayed', '503 idempotency-unavailable']).toEqual(
        expect.arrayContaining(Object.keys(others)),
      )
      const lanes = page.locator('.lane', { hasText: keyIn(entry) })
      await lanes.nth(19).waitFor({ state: 'attached' })
      expect(await lanes.count()).toBe(20)
      await sees('Ledger', '2 charges at the provider, 2 payments here.')
      await screenshot(page, 'twenty-at-once')
    },
    PATIENCE,
  )

  test(
    'A lost answer leaves a charge without a payment, and the retry completes it.',
    async () => {
      expect(await click('Lose the answer')).toContain('500 It is not known whether the charge happened.')
      await sees('Ledger', /1 charge without a payment yet/)
      await sees('Timeline', /no answer\) → gave the key up in doubt/)
      await sees('Records', 'abandoned')
      expect(await click('Retry')).toContain('201 created')
      await sees('Timeline', /took over the abandoned record: attempt 2/)
      await sees('Ledger', '3 charges at the provider, 3 payments here. Nobody was charged twice.')
    },
    PATIENCE,
  )

  test(
    'A crash after the charge kills the process, and until the lease ends a retry is refused.',
    async () => {
      const before = local.stderr().split('exit status 1').length
      expect(await click('Crash after the charge')).toContain('500 It is not known whether the charge happened.')
      expect(local.stderr().split('exit status 1')).toHaveLength(before + 1)
      await sees('Timeline', 'the process died: 500')
      await sees('Ledger', '4 charges at the provider, 4 payments here.')
      expect(await click('Retry')).toMatch(/409 in-progress .* Retry after \d+ s\./)
    },
    PATIENCE,
  )

  test(
    'A crash before the charge kills the process, and after the lease a retry charges for the first time.',
    async () => {
      expect(await click('Crash before the charge')).toContain('500 It is not known whether the charge happened.')
      await sees('Timeline', 'the process died: 500')
      await sees('Records', /lease ends in \d+ seconds/)
      await sees('Ledger', '4 charges at the provider, 4 payments here.')
      const refused = await click('Retry')
      const seconds = Number(/409 in-progress .* Retry after (\d+) s\./.exec(refused)?.[1])
      await sleep(seconds * 1_000)
      expect(await click('Retry')).toContain('201 created')
      await sees('Ledger', '5 charges at the provider, 5 payments here. Nobody was charged twice.')
    },
    PATIENCE,
  )

  test(
    'While the store cannot be reached nothing runs; when it can, a retry runs.',
    async () => {
      const entry = await click('Make the store fail')
      expect(entry).toContain('The store cannot be reached for 5 s.')
      expect(entry).toContain('503 idempotency-unavailable The store cannot be reached, so nothing ran.')
      await sees('Timeline', /could not reach the store \(claim\)/)
      await sees('Ledger', '5 charges at the provider, 5 payments here.')
      await storeIs('The store can be reached')
      expect(await click('Retry')).toContain('201 created')
      await sees('Ledger', '6 charges at the provider, 6 payments here.')
    },
    PATIENCE,
  )

  test(
    'While the store cannot be reached the page says so, and gives no advice about an answer that did not come.',
    async () => {
      expect((await send('/_local/outages', { method: 'POST' })).status).toBe(202)
      await storeIs('The store cannot be reached')
      const entry = await click('Pay')
      expect(entry).toContain('503 idempotency-unavailable')
      expect(entry).not.toContain('Press Retry')
      await storeIs('The store can be reached')
    },
    PATIENCE,
  )

  test(
    'A retry of a slow owner is refused while it runs, and gets its answer at the end.',
    async () => {
      const entry = await click('Slow owner')
      expect(entry).toMatch(/409 in-progress.*201 created.*201 replayed/s)
      expect(entry).toContain('byte for byte')
      await sees('Ledger', '7 charges at the provider, 7 payments here. Nobody was charged twice.')
    },
    PATIENCE,
  )

  test(
    'An order that comes three times reserves stock once.',
    async () => {
      expect(await click('Send an order three times')).toContain('Three messages are on the queue.')
      await page.getByRole('row', { name: 'sku_book 1 2' }).waitFor()
      await sees('Timeline', /process-orders: \d message/)
    },
    PATIENCE,
  )

  test('A curl line does what its button does.', async () => {
    const act = page.locator('.act').filter({ has: button('Pay') })
    await act.getByText('as curl').click()
    const { stdout } = await promisify(execFile)('bash', ['-c', await act.locator('pre').innerText()])
    expect(stdout).toMatch(/^HTTP\/1\.1 201 Created/)
    expect(stdout).toMatch(/^idempotency-status: created/m)
    expect(await click('Pay')).toContain('201 replayed')
  })

  test('What a request says is shown as text, even if it looks like HTML.', async () => {
    const key = '<img-src=x-onerror=document.title=1>'
    const headers = { 'x-merchant-id': 'eve', 'idempotency-key': key, 'content-type': 'application/json' }
    const body = JSON.stringify({ amount: 1, currency: 'EUR', source: 'tok_ok' })
    expect((await send('/payments', { method: 'POST', headers, body })).status).toBe(201)
    await sees('Timeline', key)
    await sees('Records', key)
    expect(await page.locator('main img').count()).toBe(0)
    expect(await page.title()).toBe('Play · lambda-once')
  })

  test('Whoever opens the page later sees the lanes too.', async () => {
    await page.reload()
    await sees('Timeline', /\d invocations? in/)
    await sees('Ledger', /charges at the provider/)
  })

  test.each(['light', 'dark'] as const)(
    'In %s colours the page can be read, and fits 1280 and 360 px.',
    async (colorScheme) => {
      await page.emulateMedia({ colorScheme })
      await click('Pay')
      await page.evaluate(`for (const details of document.querySelectorAll('details')) details.open = true`)
      for (const width of [1_280, 360]) {
        await page.setViewportSize({ width, height: 900 })
        await fitsItsWindow(page)
        await readable(page)
        await screenshot(page, `${colorScheme}-${width}`)
      }
    },
  )

  test(
    'Ctrl-C ends npm start although the page is open, and the page says so.',
    async () => {
      const before = local.stderr()
      local.signalGroup('SIGINT')
      expect(await local.ended).toBe(0)
      expect(local.stderr()).toBe(before)
      await storeIs('The server does not answer: start it again')
      // Chromium reports each broken connection.
      expect(errors.filter((error) => !error.includes('net::ERR_'))).toEqual([])
      errors.length = 0
    },
    PATIENCE,
  )
})
