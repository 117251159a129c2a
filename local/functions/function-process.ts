import { type ChildProcess, fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import type { Invoked } from './invoked.ts'
import type { FunctionMessage, Invocation } from './messages.ts'
import type { Seen, SeenOutside } from './seen.ts'

export interface FunctionOptions {
  readonly name: string
  /** The bundle whose export `handler` is called. */
  readonly file: string
  /** The bundle that runs in the process. */
  readonly mainFile: string
  readonly environment: Readonly<Record<string, string>>
  readonly timeoutSeconds: number
  /** Receives one line of the log. */
  readonly log: (line: string) => void
  /**
   * Receives what each invocation does.
   * @default - the processes are not watched
   */
  readonly watch?: ((seen: Seen) => void) | undefined
}

type Exit = readonly [code: number | null, signal: string | null]

/** Lambda kills up to 0.7 s after the deadline. This shorter delay also lets a handler overrun its deadline. */
const KILL_DELAY_MILLIS = 100

/** Lambda's limit for loading a function. */
const LOAD_MILLIS = 10_000

/** One process of a function. It runs one invocation at a time. */
export interface FunctionProcess {
  readonly invoke: (event: unknown) => Promise<Invoked>
  /** Whether the process takes no more invocations. */
  readonly ended: () => boolean
  readonly stop: () => Promise<void>
}

export const startProcess = (options: FunctionOptions): FunctionProcess => {
  const { name, timeoutSeconds, log } = options
  const child = forked(options)
  const exited = once(child, 'exit') as Promise<unknown> as Promise<Exit>
  let ended = false
  let stopped = false
  exited.then(() => {
    ended = true
  })
  const ready = nextMessage(child, exited)

  const watching = watcher(options, child)

  const invoke = async (event: unknown): Promise<Invoked> => {
    const requestId = randomUUID()
    const seen = watching(requestId)
    seen({ type: 'began', functionName: name, event })
    const invoked = await invokeAs(requestId, event, seen)
    seen({ type: 'ended', invoked })
    return invoked
  }

  const invokeAs = async (requestId: string, event: unknown, seen: (seen: SeenOutside) => void): Promise<Invoked> => {
    const loaded = await within(LOAD_MILLIS, ready)
    seen({ type: 'running' })
    const invoked: Invoked =
      loaded !== 'late' && loaded?.kind === 'ready'
        ? await run(child, exited, timeoutSeconds, { requestId, event: JSON.stringify(event) })
        : { kind: 'died' }
    if (invoked.kind === 'returned' || invoked.kind === 'threw') return invoked
    ended = true
    child.kill('SIGKILL')
    const end = await exited
    if (!stopped) log(`${name} ${requestId} ERROR ${lastWords(invoked.kind, timeoutSeconds, end)}`)
    return invoked
  }

  const stop = async (): Promise<void> => {
    stopped = true
    ended = true
    child.kill('SIGKILL')
    await exited
  }
  return { invoke, ended: () => ended, stop }
}

/** A process runs one invocation at a time, so what it tells is about the last one that it got. */
const watcher =
  ({ watch }: FunctionOptions, child: ChildProcess): ((invocation: string) => (seen: SeenOutside) => void) =>
  (invocation) => {
    if (watch === undefined) return () => {}
    const tell = (message: unknown): void => {
      const told = message as FunctionMessage
      if (told.kind === 'seen') watch({ ...told.seen, invocation })
    }
    child.on('message', tell)
    return (seen) => {
      watch({ ...seen, invocation, at: Date.now() })
      if (seen.type === 'ended') child.off('message', tell)
    }
  }

/** Passes only the function's own environment, as Lambda does, and none of the gateway's Node flags. */
const forked = ({ name, file, mainFile, environment, watch }: FunctionOptions): ChildProcess =>
  fork(mainFile, watch === undefined ? [file] : [file, 'watched'], {
    execArgv: [],
    env: {
      PATH: process.env.PATH ?? '',
      TZ: 'UTC',
      AWS_LAMBDA_FUNCTION_NAME: name,
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '256',
      ...environment,
    },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })

const run = async (
  child: ChildProcess,
  exited: Promise<unknown>,
  timeoutSeconds: number,
  { requestId, event }: Omit<Invocation, 'deadline'>,
): Promise<Invoked> => {
  const answered = nextMessage(child, exited)
  const timeout = timeoutSeconds * 1_000
  // The callback swallows a failed send: `exited` resolves then.
  child.send({ requestId, event, deadline: Date.now() + timeout } satisfies Invocation, () => {})
  const message = await within(timeout + KILL_DELAY_MILLIS, answered)
  if (message === 'late') {
    child.kill('SIGKILL')
    await exited
    return { kind: 'timed-out' }
  }
  if (message?.kind === 'returned') return { kind: 'returned', result: JSON.parse(message.result) }
  return { kind: message?.kind === 'threw' ? 'threw' : 'died' }
}

/** Resolves to `undefined` if the process ends without a message. */
const nextMessage = (child: ChildProcess, exited: Promise<unknown>): Promise<FunctionMessage | undefined> =>
  new Promise((resolve) => {
    const take = (message: unknown): void => {
      if ((message as FunctionMessage).kind === 'seen') return
      child.off('message', take)
      resolve(message as FunctionMessage)
    }
    child.on('message', take)
    exited.then(() => resolve(undefined))
  })

const within = async <T>(millis: number, promise: Promise<T>): Promise<T | 'late'> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(resolve, millis, 'late')
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** The same texts as in Lambda's log. */
const lastWords = (kind: 'died' | 'timed-out', timeoutSeconds: number, [code, signal]: Exit): string => {
  if (kind === 'timed-out') return `Task timed out after ${timeoutSeconds.toFixed(2)} seconds`
  return `Runtime exited: ${code === null ? `signal ${signal}` : `exit status ${code}`}`
}
