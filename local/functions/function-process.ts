import { type ChildProcess, fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import type { FunctionMessage, Invocation } from './messages.ts'

/** How an invocation ended. */
export type Invoked =
  | { readonly kind: 'returned'; readonly result: unknown }
  | { readonly kind: 'threw' }
  | { readonly kind: 'died' }
  | { readonly kind: 'timed-out' }

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

  const invoke = async (event: unknown): Promise<Invoked> => {
    const requestId = randomUUID()
    const loaded = await within(LOAD_MILLIS, ready)
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

/** Passes only the function's own environment, as Lambda does, and none of the gateway's Node flags. */
const forked = ({ name, file, mainFile, environment }: FunctionOptions): ChildProcess =>
  fork(mainFile, [file], {
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
    child.once('message', (message) => resolve(message as FunctionMessage))
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
