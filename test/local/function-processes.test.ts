import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Bundles, bundleFunctions } from '../../local/functions/bundle.ts'
import { type FunctionPool, functionPool } from '../../local/functions/function-pool.ts'
import type { Seen } from '../../local/functions/seen.ts'
import { closed, listen } from '../../local/listen.ts'
import { untilGone } from '../support/local-process.ts'

interface Run {
  readonly pid: number
  readonly runs: number
  readonly remaining: number
  readonly left: number
  readonly id: string
}

let bundles: Bundles
let pool: FunctionPool
let lines: string[]

beforeAll(async () => {
  bundles = await bundleFunctions({ odd: fileURLToPath(new URL('./functions/odd.ts', import.meta.url)) })
})
afterAll(() => bundles.remove())

beforeEach(() => {
  lines = []
  const log = (line: string): void => {
    lines.push(line)
  }
  const { mainFile } = bundles
  pool = functionPool({ name: 'odd', file: bundles.file('odd'), mainFile, environment: {}, timeoutSeconds: 1, log })
})
afterEach(() => pool.stop())

const run = async (event: object = {}): Promise<Run> => {
  const invoked = await pool.invoke(event)
  if (invoked.kind !== 'returned') throw new Error(invoked.kind)
  return invoked.result as Run
}

/** Waits until this process has noticed its end. */
const untilReaped = async (pid: number): Promise<void> => {
  try {
    for (;;) {
      process.kill(pid, 0)
      await sleep(5)
    }
  } catch {
    return
  }
}

test('One process answers one request after the other, each with its own id.', async () => {
  const first = await run()
  const second = await run()
  expect(second).toMatchObject({ pid: first.pid, runs: 2 })
  expect(second.id).not.toBe(first.id)
})

test('Concurrent requests run in separate processes, at most eight; further requests wait.', async () => {
  const all = await Promise.all(Array.from({ length: 20 }, () => run({ do: 'sleep', millis: 50 })))
  const pids = new Set(all.map(({ pid }) => pid))
  expect(pids.size).toBe(8)
  expect(all.filter(({ runs }) => runs > 1)).toHaveLength(12)
})

test('The remaining time counts down to the kill.', async () => {
  const { remaining, left } = await run({ do: 'sleep', millis: 200 })
  expect(remaining).toBeLessThanOrEqual(1_000)
  expect(remaining).toBeGreaterThan(800)
  expect(remaining - left).toBeGreaterThanOrEqual(199)
})

test.each(['hang', 'sleep'])(
  'A function that would %s past its timeout is killed, and the next request gets a new process.',
  async (how) => {
    const { pid } = await run()
    const began = Date.now()
    expect(await pool.invoke({ do: how, millis: 5_000 })).toEqual({ kind: 'timed-out' })
    expect(Date.now() - began).toBeGreaterThanOrEqual(1_000)
    expect(lines).toEqual([expect.stringMatching(/^odd [0-9a-f-]{36} ERROR Task timed out after 1\.00 seconds$/)])
    await untilGone([pid])
    expect((await run()).pid).not.toBe(pid)
  },
)

test('If a process ends during a request, the request gets no answer, and the next request gets a new process.', async () => {
  const { pid } = await run()
  expect(await pool.invoke({ do: 'exit' })).toEqual({ kind: 'died' })
  expect(lines).toEqual([expect.stringMatching(/^odd [0-9a-f-]{36} ERROR Runtime exited: exit status 3$/)])
  expect((await run()).pid).not.toBe(pid)
})

test('A process that was killed while idle is not used again.', async () => {
  const { pid } = await run()
  process.kill(pid, 'SIGKILL')
  await untilReaped(pid)
  expect((await run()).pid).not.toBe(pid)
})

test('A function that throws keeps its process.', async () => {
  const { pid } = await run()
  expect(await pool.invoke({ do: 'throw' })).toEqual({ kind: 'threw' })
  expect(await run()).toMatchObject({ pid, runs: 3 })
})

test('A function that cannot be loaded gives no answer and logs why.', async () => {
  const { mainFile } = bundles
  const log = (line: string): void => {
    lines.push(line)
  }
  const broken = functionPool({ name: 'none', file: '/none.mjs', mainFile, environment: {}, timeoutSeconds: 1, log })
  expect(await broken.invoke({})).toEqual({ kind: 'died' })
  expect(lines).toEqual([expect.stringMatching(/^none [0-9a-f-]{36} ERROR Runtime exited: exit status 1$/)])
  await broken.stop()
})

test('A stop ends every process without a log line, even a busy one.', async () => {
  const { pid } = await run()
  const busy = pool.invoke({ do: 'hang' })
  await pool.stop()
  expect(await busy).toEqual({ kind: 'died' })
  await untilGone([pid])
  expect(lines).toEqual([])
})

test('A watched process tells its outgoing requests and the events of the layer, each with its invocation.', async () => {
  const { server, url } = await listen(0, (incoming, response) =>
    incoming.url === '/cut' ? incoming.socket.destroy() : response.end('done'),
  )
  const seen: Seen[] = []
  const options = { name: 'odd', file: bundles.file('odd'), mainFile: bundles.mainFile, environment: {}, log: () => {} }
  const watched = functionPool({ ...options, timeoutSeconds: 5, watch: (one) => seen.push(one) })
  try {
    const { result } = (await watched.invoke({ do: 'call', url })) as { readonly result: Run }
    const told = seen.map(({ at, invocation, ...rest }) => {
      expect([typeof at, invocation]).toEqual(['number', result.id])
      return rest
    })
    expect(told).toEqual([
      { type: 'began', functionName: 'odd', event: { do: 'call', url } },
      { type: 'running' },
      { type: 'called', call: 1, to: 'other', name: 'POST /charges' },
      { type: 'answered', call: 1, failed: false },
      { type: 'called', call: 2, to: 'other', name: 'GET /cut' },
      { type: 'answered', call: 2, failed: true },
      { type: 'called', call: 3, to: 'database', name: 'GetItem' },
      { type: 'answered', call: 3, failed: false },
      { type: 'event', event: { type: 'replayed' } },
      { type: 'ended', invoked: { kind: 'returned', result } },
    ])
  } finally {
    await watched.stop()
    await closed(server)
  }
})
