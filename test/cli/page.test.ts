import { request as httpRequest } from 'node:http'
import type { Browser, Page } from 'playwright-core'
import { step } from '../../lib/effects/index.ts'
import { tableOperator } from '../../lib/operator/index.ts'
import { describeInChromium, launchChromium } from '../support/chromium.ts'
import { databaseEndpoint, testClient } from '../support/dynamodb.ts'
import { fitsItsWindow, readable } from '../support/page-checks.ts'
import { aRequest, ending, openScene, PATIENT, recordKeyOf, type Scene } from '../support/scene.ts'
import { command, type Ran } from './command.ts'

let scene: Scene
beforeAll(async () => {
  scene = await openScene(PATIENT)
})
beforeEach(() => scene.reset())
afterAll(() => scene.close())

const place = (tableName = scene.tableName): readonly string[] => [
  ...['inspect', '--serve', '--table', tableName, '--endpoint', databaseEndpoint()],
]

/** Serves the page while `use` runs, and returns what the command then says. */
const served = async (use: (url: string) => Promise<void>, tableName?: string): Promise<Ran> => {
  let failure: unknown
  const ran = await command([...place(tableName), '--json'], {
    now: scene.clock.now,
    interrupted: async (said) => {
      const url = /http:\/\/\S+/.exec(said)?.[0] ?? ''
      await use(url).catch((error: unknown) => {
        failure = error
      })
    },
  })
  if (failure !== undefined) throw failure
  return ran
}

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}

/** `fetch` sets some of these headers itself. */
const send = (url: string, headers: Readonly<Record<string, string>> = {}, method = 'GET'): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const sent = httpRequest(url, { method, headers, agent: false }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text
      })
      response.once('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }))
    })
    sent.once('error', reject).end()
  })

const get = async (url: string): Promise<{ status: number; body: Record<string, unknown> }> => {
  const { status, body } = await send(url)
  return { status, body: JSON.parse(body) as Record<string, unknown> }
}

/** A payment whose handler threw, under `hold`: it waits for a person. */
const held = async (error = new RangeError('lost')): Promise<string> => {
  const request = aRequest()
  await ending(
    scene.host('owner', { abandoned: 'hold' }).once(request, async (claim) => {
      if (claim) await step(claim, 'charge', async () => 'ch_1')
      throw error
    }),
  )
  return recordKeyOf(request)
}

test('G5: inspect --serve says where the page is, listens on loopback, and ends with 0 when it is interrupted', async () => {
  const { status, err, json } = await served(async (url) => {
    expect(new URL(url).hostname).toBe('127.0.0.1')
    expect(new URL(url).pathname).toMatch(/^\/[\w-]{43}\/$/)
    expect((await send(url)).body).toContain('<title>Records · lambda-once</title>')
  })
  expect(status).toBe(0)
  expect(err).toContain(`The page of the table ${scene.tableName}, which only reads, is at http://127.0.0.1:`)
  const { url } = json as { url: string }
  expect(err).toContain(url)
  await expect(send(url)).rejects.toThrow('ECONNREFUSED')
})

test('two pages have two tokens', async () => {
  const urls: string[] = []
  for (let times = 0; times < 2; times++) await served(async (url) => void urls.push(new URL(url).pathname))
  expect(urls[0]).not.toBe(urls[1])
})

test('every answer forbids other sources, inline scripts, frames, referrers and caches', async () => {
  await served(async (url) => {
    for (const path of ['', 'records', 'none', 'files/lib/cli/page/browser/table.js']) {
      expect((await send(url + path)).headers).toMatchObject({
        'content-security-policy': "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-store',
      })
    }
  })
})

test('G5: who does not know the token gets nothing', async () => {
  await served(async (url) => {
    const { origin, pathname } = new URL(url)
    const other = pathname.replace(/^\/./, (start) => (start === '/A' ? '/B' : '/A'))
    for (const path of ['/', '/records', other, `${other}records`, `${pathname.slice(0, -2)}/records`, '//records'])
      expect(await send(origin + path)).toMatchObject({
        status: 404,
        body: 'Open the URL that the command has printed.\n',
      })
  })
})

test('G5: a name of another host is refused, since a page of another site can give it this address', async () => {
  await served(async (url) => {
    const { port } = new URL(url)
    for (const host of ['evil.example', `evil.example:${port}`, `127.0.0.1.evil.example:${port}`, 'a b'])
      expect([host, await send(`${url}records`, { host })]).toEqual([host, expect.objectContaining({ status: 403 })])
    // A tunnel has a port of its own.
    for (const host of [`localhost:${port}`, '127.0.0.1:9000']) expect((await send(url, { host })).status).toBe(200)
  })
})

test.each(['POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS'])(
  'G5: the page is read-only: %s gets 405',
  async (method) => {
    await served(async (url) => {
      for (const path of ['', 'records', 'record?record=payments%23x'])
        expect(await send(url + path, {}, method)).toMatchObject({ status: 405, headers: { allow: 'GET' } })
    })
  },
)

test('no path leads out of the folder of the page', async () => {
  await served(async (url) => {
    const files = 'files/lib/cli/page/browser'
    expect((await send(`${url}${files}/page.css`)).headers['content-type']).toBe('text/css; charset=utf-8')
    for (const path of [
      `${files}/../serve.ts`,
      `${files}/..%2fserve.ts`,
      `${files}/%2e%2e/serve.ts`,
      files,
      'package.json',
    ])
      expect([path, (await send(url + path)).status]).toEqual([path, 404])
  })
})

test('a path that is a member of every object is not found, with the token and without it', async () => {
  await served(async (url) => {
    for (const path of ['constructor', '__proto__', 'toString'])
      expect(await send(`${url}${path}`)).toMatchObject({ status: 404, body: 'There is no such file.\n' })
    for (const path of ['/', '//', '//x/', '/constructor'])
      expect(await send(`${new URL(url).origin}${path}`)).toMatchObject({ status: 404 })
  })
})

test('the URL without the slash at its end leads to the page', async () => {
  await served(async (url) => {
    const { status, headers } = await send(url.slice(0, -1))
    expect([status, new URL(String(headers.location), url).href]).toEqual([308, url])
  })
})

test('G5: the records of a state are listed in words, without their answers, and what the scan cost is said', async () => {
  const recordKey = await held()
  await scene.host('owner').once(aRequest(), () => ({ card: '4242' }))
  await served(async (url) => {
    const { status, body } = await get(`${url}records?state=abandoned`)
    expect(status).toBe(200)
    expect(body).toMatchObject({ next: null, readUnits: expect.any(Number), scanned: expect.any(Number) })
    expect(body.records).toContainEqual(
      expect.objectContaining({
        recordKey,
        state: 'abandoned',
        attempt: 1,
        age: expect.stringMatching(/^(in )?0 seconds( ago)?$/),
        rows: expect.arrayContaining([
          ['Steps kept', 'charge'],
          ['Last error', 'RangeError'],
        ]),
      }),
    )
    const succeeded = await send(`${url}records?state=succeeded&operation=payments`)
    expect(succeeded.body).toContain('bytes of the kind json')
    expect(succeeded.body).not.toContain('4242')
    expect((await get(`${url}records?state=succeeded&operation=other`)).body.records).toEqual([])
    expect((await get(`${url}table`)).body).toEqual({
      tableName: scene.tableName,
      cost: expect.stringMatching(/^The table has about \d+ items .* it stops after 10000\.$/),
    })
  })
})

test('one record is found by its key, and by what the key is derived from', async () => {
  const request = aRequest()
  await scene.host('owner').once(request, () => 1)
  await served(async (url) => {
    const recordKey = recordKeyOf(request)
    const found = { recordKey, record: expect.objectContaining({ recordKey, state: 'succeeded' }) }
    expect((await get(`${url}record?record=${encodeURIComponent(recordKey)}`)).body).toEqual(found)
    const parts = `operation=payments&tenant=${request.tenant}&key=${request.key}&method=&route=`
    expect((await get(`${url}record?${parts}`)).body).toEqual(found)
    expect((await get(`${url}record?record=payments%23none`)).body).toEqual({
      recordKey: 'payments#none',
      record: null,
    })
  })
})

test.each([
  ['records?state=old', 'state is "old"'],
  ['records?operation=a%20b', '--operation is "a b"'],
  ['records?from=x', 'from is "x"'],
  ['record', 'name the record'],
  ['record?record=payments', 'it must be an operation, a # and a digest'],
])('the question %s is refused in words', async (path, message) => {
  await served(async (url) => {
    const { status, body } = await get(url + path)
    expect(status).toBe(400)
    expect(body.error).toMatchObject({ code: 'usage', message: expect.stringContaining(message) })
  })
})

test('a table that does not exist is said to', async () => {
  await served(async (url) => {
    const { status, body } = await get(`${url}records`)
    expect([status, (body.error as { code: string }).code]).toEqual([502, 'store-misconfigured'])
    expect((await get(`${url}table`)).body.cost).toContain('is not known')
  }, 'no-such-table')
})

test.each([
  [['--serve', '--record', 'payments#x'], 'leave out --record'],
  [['--serve', '--tenant', 'a', '--show-answer'], 'leave out --tenant, --show-answer'],
  [['--record', 'payments#x', '--port', '80'], '--port is the port of --serve'],
  [['--serve', '--port', '0'], 'It must be an integer from 1 to 65535.'],
])('inspect refuses %p', async (flags, message) => {
  const { status, err } = await command(['inspect', '--table', 'records', ...flags])
  expect(status).toBe(2)
  expect(err).toContain(message)
})

test('a port in use is refused', async () => {
  await served(async (url) => {
    const { status, err } = await command([...place(), '--port', new URL(url).port])
    expect(status).toBe(2)
    expect(err).toContain('which cannot be used (EADDRINUSE)')
  })
})

describeInChromium('In Chromium, the page of a table', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChromium()
  }, 60_000)
  afterAll(() => browser?.close())

  /** Chromium reports a refused question as an error, and the page says it in words. */
  const REFUSED = '400 (Bad Request)'

  /** Opens the page, and fails on an error in it. */
  const opened = (use: (page: Page) => Promise<void>): Promise<Ran> =>
    served(async (url) => {
      const page = await browser.newPage()
      const errors: string[] = []
      page.on('console', (message) => {
        if (message.type() === 'error' && !message.text().includes(REFUSED)) errors.push(message.text())
      })
      page.on('pageerror', ({ message }) => void errors.push(message))
      try {
        await page.goto(url)
        await page.getByText('The table has about').waitFor()
        await use(page)
        expect(errors).toEqual([])
      } finally {
        await page.close()
      }
    })

  test('lists the records of a state, and finds one, with the keyboard alone', async () => {
    const recordKey = await held()
    await opened(async (page) => {
      expect(await page.title()).toBe(`${scene.tableName} · lambda-once`)
      await page.getByRole('combobox', { name: 'State' }).focus()
      await page.keyboard.press('Tab')
      await page.keyboard.press('Enter')
      const record = page.locator('#records > li', { hasText: recordKey })
      await record.waitFor()
      expect(await record.locator('summary').innerText()).toMatch(/abandoned.*created .* · attempt 1/s)
      expect(await page.getByRole('status').innerText()).toMatch(/^\d+ records? \(abandoned\), \d+ items read for/)
      await record.locator('summary').focus()
      await page.keyboard.press('Enter')
      expect(await record.locator('dl').innerText()).toContain('ask the downstream whether the effect happened')

      await page.getByRole('textbox', { name: 'Record' }).fill('payments#none')
      await page.keyboard.press('Enter')
      await page.getByText('There is no record payments#none.').waitFor()
      await page.getByRole('textbox', { name: 'Record' }).fill('payments')
      await page.keyboard.press('Enter')
      await page.getByText('That failed: --record is "payments"').waitFor()
    })
  }, 60_000)

  test('G5: shows what persons wrote as text, even if it looks like HTML', async () => {
    const recordKey = await held()
    const operator = tableOperator({
      tableName: scene.tableName,
      by: '<b>eve</b>',
      client: testClient(),
      now: scene.clock.now,
    })
    const seen = await operator.find(recordKey as never)
    const reason = '<img src=x onerror="document.title=1"><script>document.title=2</script>'
    if (seen) await operator.release(seen, { reason, forgetSteps: true })
    await opened(async (page) => {
      await page.getByRole('textbox', { name: 'Record' }).fill(recordKey)
      await page.keyboard.press('Enter')
      await page.locator('.audit li').waitFor()
      expect(await page.locator('.audit li').innerText()).toContain(`by <b>eve</b>: ${reason}`)
      expect(await page.locator('.audit').locator('img, script, b').count()).toBe(0)
    })
  }, 60_000)

  test.each([1280, 360])(
    'fits a window of %d px, and can be read in light and dark',
    async (width) => {
      await held()
      await opened(async (page) => {
        await page.setViewportSize({ width, height: 900 })
        await page.getByRole('button', { name: 'List' }).click()
        await page.locator('#records > li').first().waitFor()
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.emulateMedia({ colorScheme })
          await fitsItsWindow(page)
          await readable(page)
        }
      })
    },
    60_000,
  )
})
