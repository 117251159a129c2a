import { Duration } from 'aws-cdk-lib'
import { Alias, type IFunction, Version } from 'aws-cdk-lib/aws-lambda'
import type { Construct } from 'constructs'

/** Says what is wrong with two numbers that belong together, or nothing where they fit. */
export type Check = () => string | undefined

/**
 * Runs the checks when the stack is synthesized, when every number is known, and reports all that fail at once: a
 * deployment of numbers that do not fit would work until the day that it is needed.
 */
export const validateAtSynth = (scope: Construct, ...checks: readonly Check[]): void =>
  scope.node.addValidation({ validate: () => checks.map((check) => check()).filter((text) => text !== undefined) })

/** What Lambda gives a function that does not say. */
const LAMBDA_TIMEOUT = Duration.seconds(3)

/** `undefined` for a function that was brought in, of which CDK knows the name only. */
export const timeoutOf = (worker: IFunction): Duration | undefined => {
  if (worker instanceof Alias) return timeoutOf(worker.version)
  if (worker instanceof Version) return timeoutOf(worker.lambda)
  if (!('timeout' in worker)) return undefined
  return worker.timeout instanceof Duration ? worker.timeout : LAMBDA_TIMEOUT
}

export const seconds = (value: Duration): string => `${value.toSeconds()} s`
