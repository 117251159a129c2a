import { DeadlinePassed, type ProbePoint, type Runtime } from '../../lib/core/runtime.ts'
import { epochMillis, type Millis } from '../../lib/core/time.ts'
import { DeadlineSignal, deadlineSignal } from './deadline-signal.ts'
import { hostNow, type Invocation, later, type OnHost, type Pause, pass } from './invocation.ts'
import type { World } from './world.ts'

/** A runtime on virtual time. It has the Lambda request id, which a real runtime could use. */
export interface VirtualRuntime extends Runtime {
  readonly requestId: string
}

export const virtualRuntime = (world: World, invocation: Invocation): VirtualRuntime => ({
  requestId: invocation.requestId,
  now: () => epochMillis(hostNow(world, invocation)),

  sleep: (span, until) =>
    new Promise<void>((resolve) => {
      const pause = later(world, invocation, span, resolve)
      if (until !== undefined)
        deadlineSignal(until).whenAborted(() => {
          pause.cancel()
          resolve()
        })
    }),

  withDeadline: (span, run) => withDeadline(world, invocation, span, run),

  repeat: (every, run) => {
    let pause: Pause
    // As in production, a timer does not keep the process running.
    const tick = (): void => {
      pause = later(world, invocation, every, tick, true)
      run()
    }
    pause = later(world, invocation, every, tick, true)
    return () => pause.cancel()
  },

  randomToken: () => `token-${++world.tokens}`,
  random: () => world.random.next(),
  enforcesDeadline: () => world.profile.enforcesDeadline,

  probe: (point: ProbePoint) => {
    if (point === 'before-claim' || point === 'before-commit') invocation.requests.inClaimStep = 0
    pass(world, invocation)
  },
})

export const withDeadline = <T>(
  world: World,
  process: OnHost,
  span: Millis,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> =>
  new Promise<T>((resolve, reject) => {
    const signal = new DeadlineSignal()
    const pause = later(world, process, span, () => {
      signal.abort()
      reject(new DeadlinePassed(`No answer within ${span} ms`))
    })
    run(signal.asAbortSignal()).then(
      (answer) => {
        pause.cancel()
        resolve(answer)
      },
      (error: unknown) => {
        pause.cancel()
        reject(error)
      },
    )
  })
