import { type ChildProcess, fork } from 'node:child_process'
import { once as emitted } from 'node:events'
import { setImmediate as settled } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { ClientAnswer } from '../../lib/testing/index.ts'
import type { Log } from './log.ts'
import type { Ask, Ended, Started } from './worker.ts'

/** A client in a separate process. */
export interface ProcessClient {
  /** Calls. If there is no answer after `killAfter` milliseconds, kills the process and starts a new one. */
  call(ask: Ask, killAfter: number | undefined): Promise<void>
  close(): Promise<void>
}

interface Message {
  readonly started?: Started
  readonly ended?: Ended
  readonly answer?: ClientAnswer
}

const CHILD = fileURLToPath(new URL('./child.ts', import.meta.url))

export const openProcessClient = async (
  name: string,
  { tableName, endpoint, log }: { readonly tableName: string; readonly endpoint: string; readonly log: Log },
): Promise<ProcessClient> => {
  const start = async (): Promise<ChildProcess> => {
    const child = fork(CHILD, [tableName, endpoint], {
      env: { ...process.env, NODE_OPTIONS: '' },
      execArgv: ['--import', 'tsx'],
    })
    const [message] = await Promise.race([emitted(child, 'message'), emitted(child, 'exit')])
    if (child.exitCode !== null) throw new Error(`${name} ended before it was ready: ${message}`)
    return child
  }

  let child = await start()
  let gone = endOf(child)

  const call = async (ask: Ask, killAfter: number | undefined): Promise<void> => {
    const watch = log.watch()
    const begun: string[] = []
    let killedAt: number | undefined
    const answered = log.called(name, ask)
    const timer = killAfter === undefined ? undefined : setTimeout(kill, killAfter)
    function kill(): void {
      killedAt = Date.now()
      child.kill('SIGKILL')
    }
    const answer = await new Promise<ClientAnswer>((resolve) => {
      const listen = ({ started, ended, answer }: Message): void => {
        if (started !== undefined) {
          begun.push(started.value)
          void watch.started(started)
        }
        if (ended !== undefined) watch.ended(ended)
        if (answer !== undefined) resolve(answer)
      }
      child.on('message', listen)
      void gone.then(() => resolve({ kind: 'none' }))
      child.send(ask)
    })
    clearTimeout(timer)
    child.removeAllListeners('message')
    answered(answer)
    if (answer.kind === 'none') log.died(begun, killedAt ?? Date.now())
    if (answer.kind === 'none' && killedAt === undefined) throw new Error(`${name} ended, although it was not killed`)
    if (killedAt === undefined) return
    await gone
    child = await start()
    gone = endOf(child)
  }

  return {
    call,
    close: async () => {
      child.kill('SIGKILL')
      await gone
    },
  }
}

/** Resolves when the process has ended and all its messages are read. */
const endOf = async (child: ChildProcess): Promise<void> => {
  const exited = child.exitCode === null && child.signalCode === null ? emitted(child, 'exit') : undefined
  const read = child.connected ? emitted(child, 'disconnect') : undefined
  await Promise.all([exited, read])
  await settled()
}
