import type { Observer } from '../core/events.ts'
import { DEFAULT_NAMESPACE, MAX_DIMENSIONS } from '../core/limits.ts'
import { aFunction, checkOptions, type Rule } from '../core/option-rules.ts'
import { type EmfSettings, emfLine } from './emf-line.ts'
import { TAKEN_NAMES } from './taken-names.ts'

export interface EmfMetricsOptions {
  /**
   * CloudWatch namespace of the metrics: 1 to 255 of `A-Z a-z 0-9 . _ - / #`, not beginning with `AWS/`. The alarms of
   * `lambda-once/cdk` read the default namespace.
   *
   * @default 'LambdaOnce'
   */
  readonly namespace?: string
  /**
   * Up to 8 dimensions in addition to `operation`. Names and values are 1 to 250 characters of printable ASCII. CloudWatch
   * bills each new value as a separate metric, so never use a tenant or a key. The alarms of `lambda-once/cdk` do not see
   * metrics with your own dimensions.
   *
   * @default none
   * @example
   * dimensions: { service: 'checkout' }
   */
  readonly dimensions?: Readonly<Record<string, string>>
  /**
   * Receives each line, without a line break. Not `console.log`: Lambda's JSON log format wraps what it prints.
   *
   * @default process.stdout.write
   */
  readonly write?: (line: string) => void
}

/**
 * Publishes each event as a CloudWatch metric by writing a line to the function's log. It makes no call to CloudWatch, and
 * needs no permission for one. The metrics are a count for each event type (`claimed`, `replayed`, `lost`, …) and
 * `claimLatency` in milliseconds, by operation. Throws `OptionError` for invalid options.
 *
 * @example
 * idempotency({ store, operation: 'payments', tenant, observe: emfMetrics() })
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

/** Lambda's JSON log format wraps what `console.log` prints, and CloudWatch would find no metric in such a line. */
const writeToStdout = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

const aNamespace: Rule = (value) =>
  typeof value === 'string' && /^(?!AWS\/)[A-Za-z0-9._\-/#]{1,255}$/.test(value)
    ? undefined
    : 'must be 1 to 255 characters of A-Z a-z 0-9 . _ - / # and not begin with AWS/'

const someDimensions: Rule = (value) => {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : undefined
  const fits =
    entries !== undefined &&
    entries.length <= MAX_DIMENSIONS &&
    entries.every(([name, text]) => isDimension(name) && isDimension(text))
  const taken = entries?.find(([name]) => TAKEN_NAMES.has(name))
  if (taken !== undefined) return `must not have the name "${taken[0]}", which each line already uses`
  return fits
    ? undefined
    : `must be an object of at most ${MAX_DIMENSIONS} names and values, each 1 to 250 characters of printable ASCII`
}

const isDimension = (text: unknown): boolean =>
  typeof text === 'string' && /^(?!:)[\x21-\x7e][\x20-\x7e]{0,249}$/.test(text)
