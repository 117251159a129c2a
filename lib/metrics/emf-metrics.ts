import type { Observer } from '../core/events.ts'
import { aFunction, checkOptions, type Rule } from '../core/option-rules.ts'
import { type EmfSettings, emfLine } from './emf-line.ts'
import { TAKEN_NAMES } from './taken-names.ts'

export interface EmfMetricsOptions {
  /** CloudWatch namespace of the metrics: 1 to 255 of `A-Z a-z 0-9 . _ - / #`, not `AWS/…`. Default `LambdaOnce`. */
  readonly namespace?: string
  /**
   * Dimensions beside `operation`, up to 8, such as `{ service: 'checkout' }`. Each new value is a metric of its own,
   * and is billed as one: never a tenant or a key. The alarms of `lambda-once/cdk` look at `operation` alone; give
   * dimensions of your own alarms of your own.
   */
  readonly dimensions?: Readonly<Record<string, string>>
  /** Takes a line, without its end. Default: `process.stdout`. */
  readonly write?: (line: string) => void
}

/** CloudWatch's default where users of the layer choose none; the alarms and the dashboard look here too. */
const DEFAULT_NAMESPACE = 'LambdaOnce'

/**
 * Publishes every event as a CloudWatch metric, by a line in the function's own log: no call to CloudWatch, and no
 * permission for one.
 *
 * ```ts
 * idempotency({ store, operation: 'payments', tenant, observe: emfMetrics() })
 * ```
 *
 * A count for each type of event (`claimed`, `replayed`, `lost`, …) and `claimLatency` in milliseconds, by operation.
 * Throws `OptionError` for options that cannot be right.
 */
export const emfMetrics = (options: EmfMetricsOptions = {}): Observer => {
  checkOptions('emfMetrics(options)', options, {
    namespace: { rule: aNamespace },
    dimensions: { rule: someDimensions },
    write: { rule: aFunction },
  })
  const settings: EmfSettings = {
    namespace: options.namespace ?? DEFAULT_NAMESPACE,
    dimensions: { ...options.dimensions },
  }
  const write = options.write ?? writeToStdout
  return (event) => write(emfLine(event, Date.now(), settings))
}

/** Not `console.log`: under Lambda's JSON log format it wraps the line, and CloudWatch finds no metric in it. */
const writeToStdout = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

const aNamespace: Rule = (value) =>
  typeof value === 'string' && /^(?!AWS\/)[A-Za-z0-9._\-/#]{1,255}$/.test(value)
    ? undefined
    : 'must be 1 to 255 characters of A-Z a-z 0-9 . _ - / # and not begin with AWS/'

const MAX_DIMENSIONS = 8

const someDimensions: Rule = (value) => {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : undefined
  const fits =
    entries !== undefined &&
    entries.length <= MAX_DIMENSIONS &&
    entries.every(([name, text]) => isDimension(name) && isDimension(text))
  const taken = entries?.find(([name]) => TAKEN_NAMES.has(name))
  if (taken !== undefined) return `must not have the name "${taken[0]}", which means something else in each line`
  return fits
    ? undefined
    : `must be an object of at most ${MAX_DIMENSIONS} names and values, each 1 to 250 characters of printable ASCII`
}

const isDimension = (text: unknown): boolean =>
  typeof text === 'string' && /^(?!:)[\x21-\x7e][\x20-\x7e]{0,249}$/.test(text)
