import type { Step, StepOptions } from '../core/lifecycle/effects.ts'
import { openClaim } from '../core/lifecycle/held-claim.ts'
import { checkOptions, oneOf, type Rules } from '../core/option-rules.ts'
import { asReplayed, outcomeOf } from '../core/outcome/outcome.ts'
import { type HandlerClaim, randomDownstreamKey } from '../core/record/handler-claim.ts'
import { systemRuntime } from '../core/runtime.ts'
import { createStepLog } from './step-log.ts'

/**
 * Runs one call of your handler, and keeps its result in the claim's record. After a crash the next attempt gets the
 * kept result, and runs only the steps whose result was not kept.
 *
 * The value is what JSON keeps of the result, the first time too. Results are stored, so return an id and not a
 * document: all results of a record together have 64 KB. A result that is not JSON, or too large, is returned and not
 * kept, so the step runs again after a crash.
 *
 * Rejects with the error of `run`, with {@link ClaimLostError} if another invocation has taken over or the handler has
 * ended, and under `inDoubt: 'stop'` with {@link StepInDoubtError} or {@link StepNotStartedError}. Rejects with
 * `TypeError` before anything runs: for a name that is not 1 to 64 of `A-Z a-z 0-9 . _ -`, beginning with a letter or
 * digit; for a name that was called before in this attempt (a call that failed does not count); for more than 64 steps;
 * and for an option that cannot be right.
 *
 * Without a claim the step runs at once, under a downstream key that no other call has.
 *
 * @param name names the step in the record. It must stay the same in all attempts.
 * @example
 * const charge = await step(claim, 'charge', ({ downstreamKey }) =>
 *   stripe.paymentIntents.create(order.payment, { idempotencyKey: downstreamKey }).then(({ id }) => ({ id })),
 * )
 */
export const step = async <T>(
  claim: HandlerClaim | undefined,
  name: string,
  run: (step: Step) => T | Promise<T>,
  options: StepOptions<T> = {},
): Promise<T> => {
  assertStep(name, run, options)
  if (claim === undefined) {
    const value = await run(unclaimedStep(name))
    return asReplayed(outcomeOf(value), value)
  }
  const { settings, held } = openClaim(claim, WHERE)
  const refusal = held.effects.commits?.refusal()
  if (refusal !== undefined) throw new TypeError(`${WHERE}: ${refusal}`)
  held.effects.steps ??= createStepLog(settings, held)
  return held.effects.steps.run({ name, run, options, claim })
}

/** Safe as the name of a map's entry: `__proto__` is none. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

const WHERE = 'step(claim, name, run, options)'

const OPTIONS: Rules = {
  key: { rule: (key) => (typeof key === 'string' && key !== '' ? undefined : 'must be a non-empty string') },
  inDoubt: {
    rule: (inDoubt) => {
      const problem = typeof inDoubt === 'function' ? undefined : oneOf('rerun', 'stop')(inDoubt)
      return problem && `${problem}, or a function`
    },
  },
}

const assertStep = (name: unknown, run: unknown, options: unknown): void => {
  if (typeof name !== 'string' || !NAME.test(name))
    throw new TypeError(
      `${WHERE}: name must be 1 to 64 characters of A-Z a-z 0-9 . _ - and begin with a letter or digit`,
    )
  if (typeof run !== 'function') throw new TypeError(`${WHERE}: run must be a function`)
  checkOptions(WHERE, options, OPTIONS)
}

const unclaimedStep = (name: string): Step =>
  Object.freeze({ name, downstreamKey: randomDownstreamKey(systemRuntime), signal: new AbortController().signal })
