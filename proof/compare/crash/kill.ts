import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { faultProxy } from '../../../test/support/fault-proxy.ts'
import type { Place } from './form.ts'
import type { Order } from './order.ts'

const VICTIM = fileURLToPath(new URL('./victim.ts', import.meta.url))

/** Runs a handler in a separate process, and kills it with SIGKILL while the network holds its request. */
export const kill = async (order: Order, { operation, arrives }: Place): Promise<void> => {
  const proxy = await faultProxy()
  const shop = { ...order.shop, endpoint: proxy.endpoint }
  const child = spawn(
    process.execPath,
    ['--no-warnings', '--import', 'tsx', VICTIM, JSON.stringify({ ...order, shop })],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  )
  const ended = once(child, 'exit')
  const first = async (): Promise<void> => {
    child.kill('SIGKILL')
    await ended
  }
  // There is no answer, because the sender is dead.
  proxy.script({ operation, fault: { first, apply: arrives ? 'late' : 'never', answer: 'silent' } })
  try {
    const [status, signal] = await ended
    if (signal !== 'SIGKILL') throw new Error(`"${order.form}" ended with ${signal ?? status} before its ${operation}`)
    while (arrives && (await proxy.deliver()).length === 0) await sleep(10)
  } finally {
    child.kill('SIGKILL')
    await proxy.close()
  }
}
