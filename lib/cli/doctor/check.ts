import type { KeyOptions } from '../../dynamodb/keys/index.ts'
import type { Fact } from './fact.ts'
import type { TableFacts } from './facts.ts'
import type { PermissionFacts } from './permissions.ts'
import type { QueueFacts, WorkerFacts } from './worker-facts.ts'

/** `bad`: the layer does not work, or does not protect. `warn`: it does, and something is missing. */
export type Verdict = 'ok' | 'warn' | 'bad' | 'unknown'

export interface Judged {
  readonly verdict: Verdict
  readonly finding: string
}

/** Everything that was read. */
export interface Facts extends TableFacts {
  readonly tableName: string
  /** What the table calls its keys. */
  readonly keys: KeyOptions
  readonly permissions: PermissionFacts
  /** Absent: not asked for. */
  readonly queue?: QueueFacts
  readonly worker?: WorkerFacts
  /** The options of the worker, as far as they are known. */
  readonly numbers: LayerNumbers
}

export interface LayerNumbers {
  readonly maxRuns: number
  readonly retentionSeconds: number
}

/** One row of the table of findings. docs/operating.md shows the same rows. */
export interface Check {
  readonly id: string
  /** What is looked at. */
  readonly what: string
  /** The calls that it takes, which are the permissions that it needs. */
  readonly how: string
  /** What it means if the check fails. */
  readonly meaning: string
  readonly remedy: string
  /** `undefined`: its facts were not asked for. */
  readonly judge: (facts: Facts) => Judged | undefined
}

export const of = <T>(fact: Fact<T>, judge: (value: T) => Judged): Judged =>
  fact.kind === 'known' ? judge(fact.value) : { verdict: 'unknown', finding: fact.why }
