import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Answer } from './payer.ts'
import type { Order } from './victim.ts'

export interface VictimProcess {
  readonly child: ChildProcess
  /** The signal that ended it; `null` if it exited. */
  readonly ended: Promise<NodeJS.Signals | null>
  /** Its answer. Rejects if the process ends without one. */
  answer(): Promise<Answer>
  /** Resolves when its handler has made the payment and waits. */
  inHandler(): Promise<unknown>
  /** Resolves when it has stopped itself with its signal. */
  untilStopped(): Promise<void>
  leave(): void
}

export interface VictimOptions {
  /** The program. Default: `victim.ts`. */
  readonly program?: URL
  /** The offset of its clock from the machine's, in seconds. Needs `faketime`. */
  readonly clockOff?: number
}

const PROGRAM = new URL('./victim.ts', import.meta.url)

const running = new Set<ChildProcess>()

/** `order` is what the program reads. */
export const startVictim = <T extends object = Order>(
  order: T,
  { clockOff = 0, program = PROGRAM }: VictimOptions = {},
): VictimProcess => {
  const { NODE_OPTIONS: _, ...inherited } = process.env
  const child = spawn(process.execPath, ['--import', 'tsx', fileURLToPath(program), JSON.stringify(order)], {
    env: { ...inherited, ...(clockOff === 0 ? {} : anotherClock(clockOff)) },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  running.add(child)
  const ended = once(child, 'exit').then(([, signal]) => {
    running.delete(child)
    return signal as NodeJS.Signals | null
  })
  const message = <T>(name: string): Promise<T> => {
    const message = new Promise<T>((resolve, reject) => {
      child.on('message', (said: Record<string, T>) => {
        const value = said[name]
        if (value !== undefined) resolve(value)
      })
      ended.then(() => setTimeout(reject, 100, new Error(`The process ended before "${name}"`)))
    })
    message.catch(() => {}) // not every test awaits it
    return message
  }
  const answer = message<Answer>('answer')
  const inHandler = message<true>('inHandler')
  return {
    child,
    ended,
    answer: () => answer,
    inHandler: () => inHandler,
    untilStopped: async () => {
      while (!stateOf(child).startsWith('T')) {
        if (!running.has(child)) throw new Error('The process ended instead of stopping')
        await sleep(20)
      }
    },
    leave: () => void child.send('leave'),
  }
}

/** For `afterAll`: ends the processes that a failed test has left. */
export const killVictims = (): void => {
  for (const child of running) child.kill('SIGKILL')
}

/** What is missing to give a process another clock; `undefined` if nothing is. */
export const fakeTimeMissing = (): string | undefined =>
  spawnSync('faketime', ['--version']).error === undefined
    ? undefined
    : 'faketime is missing (Debian: apt-get install faketime)'

/**
 * Sets the environment of `faketime` directly: as a parent process it could die and leave the victim behind. Timers use
 * the monotonic clock, which is right on every host.
 */
const anotherClock = (seconds: number): NodeJS.ProcessEnv => {
  const environment = execFileSync('faketime', ['-f', '+0', 'env'], { encoding: 'utf8' })
  const library = /^LD_PRELOAD=(.*)$/m.exec(environment)?.[1]
  if (library === undefined) throw new Error('faketime does not report where its library is')
  const offset = `${seconds < 0 ? '' : '+'}${seconds}`
  return { LD_PRELOAD: library, FAKETIME: offset, FAKETIME_DONT_FAKE_MONOTONIC: '1' }
}

/** The state of the process: `T` is stopped. A process that has ended has no state. */
const stateOf = ({ pid }: ChildProcess): string => {
  try {
    return execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).trim()
  } catch {
    return ''
  }
}
