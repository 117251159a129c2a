import { aTenant } from '../core/identity/tenant.ts'
import { MAX_CONCURRENCY, MAX_MARGIN_SECONDS, MAX_MAX_RUNS } from '../core/limits.ts'
import { aFunction, integerBetween, OptionError, type Rules } from '../core/option-rules.ts'
import { COMMON_RULES, type CommonOptions } from '../core/options.ts'
import { aClient } from './sender.ts'

/** The rules of the options that all entries share that take batches. */
export const BATCH_RULES: Rules = {
  ...COMMON_RULES,
  tenant: { required: true, rule: aTenant('message') },
  payload: { rule: aFunction },
  concurrency: { rule: integerBetween(1, MAX_CONCURRENCY) },
  maxRuns: { rule: integerBetween(1, MAX_MAX_RUNS) },
  marginSeconds: { rule: integerBetween(0, MAX_MARGIN_SECONDS) },
  sqs: { rule: aClient },
  onError: { rule: aFunction },
}

/** Throws {@link OptionError} if `maxRuns` is given under `abandoned: 'hold'`. */
export const refuseRunsUnderHold = (
  where: string,
  { abandoned, maxRuns }: Pick<CommonOptions, 'abandoned'> & { readonly maxRuns?: number | undefined },
): void => {
  if (abandoned !== 'hold' || maxRuns === undefined) return
  const rule = 'is of no use under abandoned: "hold", where a run in doubt is never repeated'
  throw new OptionError(where, 'maxRuns', rule)
}
