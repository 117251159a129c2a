import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'

const PROGRAMS = ['valkey-server', 'redis-server']

const found = PROGRAMS.find((program) => spawnSync(program, ['--version']).status === 0)

/**
 * `describe` for tests with a server. On a machine without one they are skipped, and their titles say so. `.ci/run` sets
 * `NEEDS_REDIS`, and they fail there instead.
 */
export const describeWithRedis = (title: string, tests: () => void): void => {
  if (found !== undefined || process.env.NEEDS_REDIS !== undefined) describe(title, tests)
  else describe.skip(`${title} (skipped: on Debian: apt-get install redis-server)`, tests)
}

export interface Redis {
  readonly port: number
  /** Stops the server as `SIGKILL` does. */
  stop(): Promise<void>
}

export const startRedis = async (): Promise<Redis> => {
  if (found === undefined) throw new Error(`Install ${PROGRAMS.join(' or ')} (on Debian: apt-get install redis-server)`)
  const port = await freePort()
  const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', '/tmp']
  const server = spawn(found, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  await isReady(server)
  const stop = async (): Promise<void> => {
    if (server.exitCode !== null || server.signalCode !== null) return
    server.kill('SIGKILL')
    await once(server, 'exit')
  }
  return { port, stop }
}

const isReady = (server: ChildProcess): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('exit', (code) => reject(new Error(`The server ended with ${code}`)))
    let text = ''
    server.stdout?.on('data', (chunk) => {
      text += chunk
      if (text.includes('Ready to accept connections')) resolve()
    })
  })

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { readonly port: number }
  server.close()
  await once(server, 'close')
  return port
}
