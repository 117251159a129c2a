import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { descendantsOf, killRunning, type LocalProcess, startLocal, untilGone } from '../support/local-process.ts'

afterEach(killRunning)

/**
 * On a machine with two cores that is busy with other tests, Java takes several times its usual two seconds to start.
 */
const PATIENCE = 90_000

const JSON_TYPE = { 'content-type': 'application/json' }

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Record<string, unknown>
}

const send = async (url: string, path: string, init: RequestInit = {}, merchant = 'acme'): Promise<Answer> => {
  const headers = { ...JSON_TYPE, 'x-merchant-id': merchant, ...(init.headers as Record<string, string>) }
  const response = await fetch(`${url}${path}`, { ...init, headers })
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Record<string, unknown>,
  }
}

const post = (url: string, path: string, key: string, body: object): Promise<Answer> =>
  send(url, path, { method: 'POST', headers: { 'idempotency-key': key }, body: JSON.stringify(body) })

const payment = (source: string, amount = 1999): object => ({ amount, currency: 'EUR', source })

/** What the provider has charged for a merchant. */
const chargesFor = async (url: string, merchant: string): Promise<readonly Record<string, unknown>[]> => {
  const { body } = await send(url, `/_local/provider/charges?reference=${merchant}`)
  return body.charges as readonly Record<string, unknown>[]
}

/** With a longer timeout the window for reruns ends earlier, and this test waits less. */
const TOUR_TIMEOUT_SECONDS = 27

/** The output of each command of the tour, run by a shell as printed. */
const runTour = async (local: LocalProcess): Promise<readonly { readonly shows: string; readonly said: string }[]> => {
  const steps = local.stdout().matchAll(/^(\S.*)\n {2}((?:.*\\\n)*.*)$/gm)
  const outcome: { shows: string; said: string }[] = []
  for (const [, shows = '', command = ''] of steps) {
    const { stdout } = await promisify(execFile)('bash', ['-c', command])
    outcome.push({ shows, said: stdout.replaceAll('\r', '') })
  }
  return outcome
}

test(
  'C8, C12, I2, I9: every printed command gives the promised result; a crash leaves one charge, and its retry asks.',
  async () => {
    const local = startLocal(['--port', '0', '--function-timeout', `${TOUR_TIMEOUT_SECONDS}`])
    await local.url()
    const database = /lambda-once list --endpoint (\S+) --table idempotency$/m.exec(local.stdout())?.[1] ?? ''
    expect(await (await fetch(database)).text()).toContain('MissingAuthenticationToken')
    const steps = await runTour(local)
    const status = (index: number): string => /^HTTP\/1.1 (\d+)/.exec(steps[index]?.said ?? '')?.[1] ?? ''
    const header = (index: number, name: string): string | undefined =>
      new RegExp(`^${name}: (.*)$`, 'm').exec(steps[index]?.said ?? '')?.[1]
    const body = (index: number) => JSON.parse(steps[index]?.said.split('\n\n')[1] ?? '') as Record<string, unknown>

    expect(steps).toHaveLength(15)
    expect([status(0), header(0, 'idempotency-status')]).toEqual(['201', 'created'])
    expect([status(1), header(1, 'idempotency-status')]).toEqual(['201', 'replayed'])
    expect(body(1)).toEqual(body(0))
    expect([status(2), body(2).code]).toEqual(['422', 'key-reused'])
    expect([status(3), body(3).code]).toEqual(['400', 'key-missing'])
    // On a busy machine some of the twenty come after the first has ended. They are replays: also 201.
    const statuses = [...(steps[4]?.said ?? '').matchAll(/(\d+) (\d+)\n/g)].map(([, count, code]) => [
      code,
      Number(count),
    ])
    expect(statuses.every(([code]) => code === '201' || code === '409')).toBe(true)
    expect(statuses.reduce((sum, [, count]) => sum + Number(count), 0)).toBe(20)
    expect([status(5), body(5)]).toEqual(['500', { message: 'Internal Server Error' }])
    expect([status(6), header(6, 'idempotency-status')]).toEqual(['201', 'created'])
    expect([status(7), body(7)]).toEqual(['500', { message: 'Internal Server Error' }])
    expect([status(8), body(8).code]).toEqual(['409', 'in-progress'])
    expect(Number(header(8, 'retry-after'))).toBeLessThanOrEqual(TOUR_TIMEOUT_SECONDS + 5)
    expect([status(9), header(9, 'idempotency-status')]).toEqual(['201', 'replayed'])
    expect(header(9, 'idempotent-replayed')).toBe('true')
    expect(body(10).charges).toEqual([
      expect.objectContaining({ id: body(6).charge, source: 'tok_cut_after', status: 'succeeded' }),
      expect.objectContaining({ id: body(9).charge, source: 'tok_crash', status: 'succeeded' }),
    ])
    expect([status(11), new Set(body(11).messageIds as string[]).size]).toEqual(['202', 3])
    expect([status(12), body(12)]).toEqual([
      '200',
      { orders: [expect.objectContaining({ orderId: 'o-1', sku: 'sku_book' })], reserved: { sku_book: 2 } },
    ])
    expect(status(13)).toBe('202')
    expect([status(14), body(14)]).toEqual([
      '200',
      { visible: 0, inFlight: 0, deadLetters: [{ body: expect.stringContaining('sku_poison'), reason: 'poison' }] },
    ])
    const promised = steps.map(({ shows }) => /: (\d{3})/.exec(shows)?.[1])
    expect(promised.filter((_, index) => index !== 4)).toEqual(
      steps.map((_, index) => status(index)).filter((_, index) => index !== 4),
    )
  },
  2 * PATIENCE,
)

describe('The example API', () => {
  let local: LocalProcess
  let url: string

  beforeEach(async () => {
    local = startLocal(['--port', '0', '--function-timeout', '4'])
    url = await local.url()
  }, PATIENCE)

  test(
    'keeps the payments of merchants apart, and refunds no more than was paid.',
    async () => {
      const made = await post(url, '/payments', 'a', {
        ...payment('tok_ok', 500),
        metadata: { order: 1e300, '': [null] },
      })
      expect(made.status).toBe(201)
      const id = made.body.id as string
      expect(made.headers.get('location')).toBe(`/payments/${id}`)
      expect(made.body).toEqual({
        id: expect.stringMatching(/^pay_/),
        charge: expect.stringMatching(/^ch_/),
        amount: 500,
        currency: 'EUR',
        source: 'tok_ok',
        metadata: { order: 1e300, '': [null] },
        status: 'succeeded',
        createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      })
      expect((await send(url, `/payments/${id}`)).body).toEqual(made.body)
      expect((await send(url, `/payments/${id}`, {}, 'other')).status).toBe(404)
      expect((await send(url, '/payments', {}, 'other')).body).toEqual({ payments: [] })

      const refunded = await post(url, `/payments/${id}/refunds`, 'a', { amount: 400 })
      expect(refunded.status).toBe(201)
      expect(refunded.headers.get('idempotency-status')).toBe('created')
      const again = await post(url, `/payments/${id}/refunds`, 'a', { amount: 400 })
      expect(again.body).toEqual(refunded.body)
      expect(again.headers.get('idempotency-status')).toBe('replayed')
      expect(again.headers.get('x-content-type-options')).toBe('nosniff')
      const tooMuch = await post(url, `/payments/${id}/refunds`, 'b', { amount: 101 })
      expect([tooMuch.status, tooMuch.body]).toEqual([
        409,
        { error: { field: 'amount', value: 101, rule: 'must be at most 100, which is what is left of the payment' } },
      ])
      expect((await post(url, `/payments/${id}/refunds`, 'b', { amount: 100 })).status).toBe(201)
      expect((await send(url, `/payments/${id}`)).body.status).toBe('refunded')
      expect((await post(url, '/payments/none/refunds', 'c', { amount: 1 })).status).toBe(404)

      const answers = await Promise.all(
        [
          [payment('tok_ok', 0), 'amount'],
          [payment('tok_ok', 1.5), 'amount'],
          [payment('tok_ok', 100_000_000), 'amount'],
          [{ ...payment('tok_ok'), amount: '5' }, 'amount'],
          [{ ...payment('tok_ok'), currency: 'eur' }, 'currency'],
          [payment('tok_none'), 'source'],
          [{ ...payment('tok_ok'), metadata: [] }, 'metadata'],
          [[], 'body'],
        ].map(
          async ([body, field], index) =>
            [await post(url, '/payments', `bad-${index}`, body as object), field] as const,
        ),
      )
      for (const [{ status, headers, body }, field] of answers) {
        expect([status, headers.get('idempotency-status'), body]).toEqual([
          400,
          'released',
          { error: expect.objectContaining({ field, rule: expect.stringMatching(/^must be /) }) },
        ])
      }
    },
    PATIENCE,
  )

  test(
    'has a source for every outcome of a charge, and logs the errors of functions.',
    async () => {
      const outcome = async (source: string, key = source): Promise<unknown> => {
        const { status, headers } = await post(url, '/payments', key, payment(source))
        return [status, headers.get('idempotency-status')]
      }
      expect(await outcome('tok_declined')).toEqual([402, 'released'])
      expect(await outcome('tok_ok', 'tok_declined')).toEqual([201, 'created'])
      expect(await outcome('tok_unavailable')).toEqual([503, 'abandoned'])
      expect(await outcome('tok_error')).toEqual([500, null])
      expect(local.stderr()).toMatch(
        /^create-payment [0-9a-f-]{36} ERROR Error: The payment provider answered 500: .*tok_error.*$/m,
      )
      for (const source of ['tok_cut_before', 'tok_cut_after']) {
        expect(await outcome(source)).toEqual([500, null])
        expect(await outcome(source)).toEqual([201, 'created'])
      }
      const began = Date.now()
      expect(await outcome('tok_slow')).toEqual([201, 'created'])
      expect(Date.now() - began).toBeGreaterThanOrEqual(3_000)
      const charged = (await chargesFor(url, 'acme')).map(({ source, status }) => `${source} ${status}`)
      expect(charged).toEqual([
        'tok_declined failed',
        'tok_ok succeeded',
        'tok_cut_before succeeded',
        'tok_cut_after succeeded',
        'tok_slow succeeded',
      ])
    },
    PATIENCE,
  )
})

/** A running API with an idle function, a busy function and a busy worker: everything that Ctrl-C has to stop. */
const busyApi = async (): Promise<{ readonly local: LocalProcess; readonly pids: readonly number[] }> => {
  const local = startLocal(['--port', '0'])
  const url = await local.url()
  await send(url, '/payments')
  const slow = post(url, '/payments', 'slow', payment('tok_slow')).catch(() => undefined)
  const body = JSON.stringify({ merchantId: 'acme', orderId: 'o-1', sku: 'sku_slow', quantity: 1 })
  await fetch(`${url}/_local/queues/orders`, { method: 'POST', body })
  while (descendantsOf(local.child.pid ?? 0).length < 5) await send(url, '/payments')
  void slow
  return { local, pids: descendantsOf(local.child.pid ?? 0) }
}

test.each(['SIGINT', 'SIGTERM'] as const)(
  'After %s no process is left, including Java, a busy function and a busy worker.',
  async (signal) => {
    const { local, pids } = await busyApi()
    expect(pids.length).toBeGreaterThanOrEqual(5)
    local.signalGroup(signal)
    expect(await local.ended).toBe(0)
    expect(local.stderr()).toBe('')
    await untilGone(pids)
  },
  PATIENCE,
)

test.each([0.2, 1, 1.5, 2, 2.5])(
  'After a Ctrl-C %d seconds into the start no process is left, and no error is printed.',
  async (seconds) => {
    const local = startLocal(['--port', '0'])
    await sleep(seconds * 1_000)
    const pids = descendantsOf(local.child.pid ?? 0)
    local.signalGroup('SIGINT')
    await local.ended
    expect(local.stderr()).toBe('')
    await untilGone(pids)
  },
  PATIENCE,
)

test(
  'After a SIGKILL no process is left either.',
  async () => {
    const { local, pids } = await busyApi()
    local.child.kill('SIGKILL')
    await untilGone(pids)
  },
  PATIENCE,
)

test(
  'With --data, a retry is replayed even after a SIGKILL of npm start.',
  async () => {
    const directory = mkdtempSync(join(tmpdir(), 'lambda-once-'))
    const flags = ['start', '--', '--port', '0', '--data', join(directory, 'new')]
    try {
      const first = startLocal(flags, { command: ['npm'] })
      const made = await post(await first.url(), '/payments', 'kept', payment('tok_ok'))
      expect(made.headers.get('idempotency-status')).toBe('created')
      const pids = descendantsOf(first.child.pid ?? 0)
      first.child.kill('SIGKILL')
      await untilGone(pids)

      const second = startLocal(flags, { command: ['npm'] })
      const again = await post(await second.url(), '/payments', 'kept', payment('tok_ok'))
      expect(again.headers.get('idempotency-status')).toBe('replayed')
      expect(again.body).toEqual(made.body)
      second.signalGroup('SIGINT')
      await second.ended
    } finally {
      await killRunning()
      rmSync(directory, { recursive: true })
    }
  },
  PATIENCE,
)
