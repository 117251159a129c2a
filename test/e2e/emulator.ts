import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { pythonProgram } from './python.ts'

export interface Emulator {
  /** Environment variables with which the SDK and the CDK command line find it. */
  readonly environment: Readonly<Record<string, string>>
  stop(): Promise<void>
}

const START_MILLIS = 60_000

/** Starts MiniStack on the loopback address and a free port. It writes all its files to the directory. */
export const startEmulator = async (directory: string): Promise<Emulator> => {
  const program = await pythonProgram('ministack')
  const port = await freePort()
  const logFile = join(directory, 'ministack.log')
  const guard = fork(fileURLToPath(new URL('./emulator-guard.mjs', import.meta.url)), [program, logFile], {
    cwd: directory,
    execArgv: [],
    // Without BIND_HOST it would listen on every interface.
    env: { ...process.env, BIND_HOST: '127.0.0.1', GATEWAY_PORT: String(port), TMPDIR: directory },
  })
  const ended = once(guard, 'exit')
  const url = `http://127.0.0.1:${port}`
  await ready(url, ended).catch((error: unknown) => {
    guard.kill('SIGKILL')
    throw new Error(`MiniStack did not start:\n${readFileSync(logFile, 'utf8')}`, { cause: error })
  })
  return {
    environment: {
      AWS_ENDPOINT_URL: url,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
    },
    stop: async () => {
      if (guard.connected) guard.disconnect()
      await ended
    },
  }
}

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

const ready = async (url: string, ended: Promise<unknown>): Promise<void> => {
  let hasEnded = false
  void ended.then(() => {
    hasEnded = true
  })
  for (const until = Date.now() + START_MILLIS; Date.now() < until; await sleep(200)) {
    if (hasEnded) throw new Error('It ended')
    const answer = await fetch(`${url}/_ministack/health`).catch(() => undefined)
    if (answer?.ok) return
  }
  throw new Error('It did not answer')
}
