import { denied, type FaultProxy, resetAfter } from '../../test/support/fault-proxy.ts'
import { payment } from '../../test/support/http-events.ts'
import { gate } from '../../test/support/http-harness.ts'
import { answer, isRefused, shown, sleep } from './answer.ts'
import type { Task } from './crash/form.ts'
import type { Business, Invoke } from './subject.ts'

/** What a scenario gets: a fresh table, a network with scripted faults, and an effect counter. */
export interface Stage {
  /** Wraps a business function. Each call stands for another host. */
  readonly wrap: (business: Business) => Invoke
  readonly proxy: FaultProxy
  readonly effects: string[]
  /** A business function that performs one effect and answers with the effect's number. */
  readonly pay: Business
  /** Plays a task whose process is killed, in each form of the layer. Returns what went wrong, or `undefined`. */
  readonly playKilled: (task: Task) => Promise<string | undefined>
}

export interface Scenario {
  /** The name of the row, and the value for `--only`. */
  readonly name: string
  /** What users of the layer rely on. */
  readonly expects: string
  /** Returns what went wrong, or `undefined`. */
  readonly run: (stage: Stage) => Promise<string | undefined>
}

const KEY = 'order-1'

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'replay',
    expects: 'A retry of a completed request gets its answer, and runs nothing.',
    run: async ({ wrap, pay, effects }) => {
      const invoke = wrap(pay)
      const first = await answer(invoke(payment(KEY)))
      const second = await answer(invoke(payment(KEY)))
      return effects.length === 1 && shown(first) === shown(second)
        ? undefined
        : `${effects.length} runs, ${shown(second)}`
    },
  },
  {
    name: 'parallel',
    expects: 'Of 20 simultaneous requests with one key one runs.',
    run: async ({ wrap, pay, effects }) => {
      const invoke = wrap(pay)
      await Promise.all(Array.from({ length: 20 }, () => answer(invoke(payment(KEY)))))
      return effects.length === 1 ? undefined : `${effects.length} runs`
    },
  },
  {
    name: 'other-payload',
    expects: 'The same key with another payload is refused.',
    run: async ({ wrap, pay, effects }) => {
      const invoke = wrap(pay)
      await invoke(payment(KEY, { amount: 1 }))
      const other = await answer(invoke(payment(KEY, { amount: 2 })))
      return effects.length === 1 && isRefused(other) ? undefined : `${effects.length} runs, ${shown(other)}`
    },
  },
  {
    name: 'killed',
    expects: 'A killed owner: a retry is refused until the lease has ended, then one runs.',
    run: async ({ wrap, pay, effects }) => {
      const killed = wrap(() => new Promise(() => {}))
      void killed(payment(KEY), 300)
      await sleep(200)
      const early = await answer(wrap(pay)(payment(KEY)))
      await sleep(4_200)
      const late = await answer(wrap(pay)(payment(KEY)))
      return isRefused(early) && !isRefused(late) && effects.length === 1
        ? undefined
        : `early ${shown(early)}, late ${shown(late)}, ${effects.length} runs`
    },
  },
  {
    name: 'lost-claim-answer',
    expects: 'The network loses the answer to the claim, and the SDK sends it again: the request is served.',
    run: async ({ wrap, pay, proxy, effects }) => {
      proxy.script({ step: 'claim', nth: 1, fault: resetAfter })
      const result = await answer(wrap(pay)(payment(KEY)))
      return effects.length === 1 && !isRefused(result) ? undefined : `${effects.length} runs, ${shown(result)}`
    },
  },
  {
    name: 'late-owner',
    expects: 'An owner outlives its lease, another completes: everybody gets one and the same answer.',
    run: async ({ wrap, pay }) => {
      const { opened, open } = gate()
      const slow = answer(
        wrap(async (event) => {
          await opened
          return pay(event)
        })(payment(KEY), 200),
      )
      await sleep(4_300)
      const second = await answer(wrap(pay)(payment(KEY)))
      const before = await answer(wrap(pay)(payment(KEY)))
      open()
      const late = await slow
      const after = await answer(wrap(pay)(payment(KEY)))
      const answers = new Set([second, before, late, after].map(shown))
      return answers.size === 1 ? undefined : `${answers.size} answers: ${[...answers].join('; ')}`
    },
  },
  {
    name: 'late-failure',
    expects: 'An owner outlives its lease and fails after another completed: what is stored stays stored.',
    run: async ({ wrap, pay, effects }) => {
      const { opened, open } = gate()
      const slow = answer(
        wrap(async () => {
          await opened
          throw new Error('too late')
        })(payment(KEY), 200),
      )
      await sleep(4_300)
      await wrap(pay)(payment(KEY))
      open()
      await slow
      await answer(wrap(pay)(payment(KEY)))
      return effects.length === 1 ? undefined : `${effects.length} runs of the completed request`
    },
  },
  {
    name: 'failed-then-other-payload',
    expects: 'A handler charges and then throws: another amount under the same key is refused.',
    run: async ({ wrap, pay, effects }) => {
      const failing = wrap(async (event) => {
        await pay(event)
        throw new Error('the ledger is down')
      })
      await answer(failing(payment(KEY, { amount: 1 })))
      const other = await answer(wrap(pay)(payment(KEY, { amount: 2 })))
      return effects.length === 1 && isRefused(other) ? undefined : `${effects.length} charges, of two amounts`
    },
  },
  {
    name: 'other-payload-in-progress',
    expects: 'The same key with another payload is distinguished from a retry, also while the first is in progress.',
    run: async ({ wrap, pay }) => {
      const { opened, open } = gate()
      const first = wrap(async (event) => {
        await opened
        return pay(event)
      })(payment(KEY, { amount: 1 }))
      await sleep(100)
      const retry = shown(await answer(wrap(pay)(payment(KEY, { amount: 1 }))))
      const other = shown(await answer(wrap(pay)(payment(KEY, { amount: 2 }))))
      open()
      await first
      return retry === other ? `both get ${retry}` : undefined
    },
  },
  {
    name: 'large-numbers',
    expects: 'Amounts or ids beyond 2^53 that differ are different payloads.',
    run: async ({ wrap, pay, effects }) => {
      const invoke = wrap(pay)
      const account = (digits: string) => payment(KEY, {}, { body: `{"account":${digits}}` })
      await invoke(account('12345678901234567890'))
      const other = await answer(invoke(account('12345678901234567891')))
      return isRefused(other) ? undefined : `the answer for one account was given to another (${effects.length} run)`
    },
  },
  {
    name: 'changed-event',
    expects: 'The handler, or a library in it, changes the event: the retry still gets the answer.',
    run: async ({ wrap, pay, effects }) => {
      const invoke = wrap(async (event) => {
        const result = await pay(event)
        event.headers = {}
        return result
      })
      await answer(invoke(payment(KEY)))
      const retry = await answer(invoke(payment(KEY)))
      return effects.length === 1 && !isRefused(retry) ? undefined : `${effects.length} runs, ${shown(retry)}`
    },
  },
  {
    name: 'error-names',
    expects: 'Whatever an error of the handler is called, the handler runs once a request.',
    run: async ({ wrap, pay, effects }) => {
      const invoke = wrap(async (event) => {
        await pay(event)
        throw Object.assign(new Error('out of step'), { name: 'IdempotencyInconsistentStateError' })
      })
      await answer(invoke(payment(KEY)))
      return effects.length === 1 ? undefined : `${effects.length} runs in one request`
    },
  },
  {
    name: 'completion-denied',
    expects: 'The outcome cannot be written: the caller still gets the answer to what was done.',
    run: async ({ wrap, pay, proxy }) => {
      proxy.script({ operation: 'UpdateItem', fault: denied })
      const result = await answer(wrap(pay)(payment(KEY), 3_000))
      return isRefused(result) ? `the charge was made, the caller gets ${shown(result)}` : undefined
    },
  },
  {
    name: 'large-answer',
    expects: 'An answer that is too large to store is served, and its retry never runs again.',
    run: async ({ wrap, pay, effects }) => {
      const business: Business = async (event) => {
        await pay(event)
        return { statusCode: 201, body: Array.from({ length: 120_000 }, () => Math.random().toString(36)).join('') }
      }
      const first = await answer(wrap(business)(payment(KEY), 500))
      await sleep(4_500)
      await answer(wrap(business)(payment(KEY), 500))
      const served = !isRefused(first)
      return served && effects.length === 1 ? undefined : `${served ? 'served' : shown(first)}, ${effects.length} runs`
    },
  },
  {
    name: 'killed-between-call-and-record',
    expects:
      'A process is killed after its provider has charged, and before the answer is stored: a retry gets that charge. The provider no longer knows the idempotency key, and can be asked.',
    run: ({ playKilled }) => playKilled('charge'),
  },
  {
    name: 'two-writes-one-crash',
    expects:
      'A process is killed while it writes an order and takes its stock, or right after: both are written or neither, and a retry gets that one order.',
    run: ({ playKilled }) => playKilled('twoWrites'),
  },
]
