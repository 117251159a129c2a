import { Duration } from 'aws-cdk-lib'
import { Alias, type IFunction, Version } from 'aws-cdk-lib/aws-lambda'
import type { Construct } from 'constructs'

/** Returns what is wrong with numbers that must fit together, or `undefined` if they fit. */
export type Check = () => string | undefined

/**
 * Runs the checks at synthesis, when every number is known, and reports all failures at once. Numbers that do not fit
 * would deploy without an error, and do harm only at the first fault.
 */
export const validateAtSynth = (scope: Construct, ...checks: readonly Check[]): void =>
  scope.node.addValidation({ validate: () => checks.map((check) => check()).filter((text) => text !== undefined) })

/** Lambda's default. */
const LAMBDA_TIMEOUT = Duration.seconds(3)

/** Returns `undefined` for an imported function: CDK knows only its name. */
export const timeoutOf = (worker: IFunction): Duration | undefined => {
  if (worker instanceof Alias) return timeoutOf(worker.version)
  if (worker instanceof Version) return timeoutOf(worker.lambda)
  if (!('timeout' in worker)) return undefined
  return worker.timeout instanceof Duration ? worker.timeout : LAMBDA_TIMEOUT
}

export const seconds = (value: Duration): string => `${value.toSeconds()} s`
