import type { HttpSettings } from '../../http/options.ts'
import { type ConflictRow, conflictTable } from './conflict-table.ts'
import { type FailureRow, failureTable } from './failure-table.ts'

/** What the options of a handler mean. The extension `x-idempotency` has the same members. */
export interface PolicyFacts {
  readonly operation: string
  readonly methods: readonly string[]
  readonly key: { readonly header: string; readonly profile: string } | 'function'
  readonly missingKey: string
  readonly retentionSeconds: number
  readonly abandoned: 'rerun' | 'hold' | 'reconcile'
  readonly rerunWithinSeconds?: number
  /** How long a request waits for another that runs. */
  readonly waitSeconds?: number
  /** Whether a claim looks into an earlier table before it runs. */
  readonly predecessor?: true
  readonly storeDown: string
  readonly unstored: string
  readonly conflicts: readonly ConflictRow[]
  readonly failures: readonly FailureRow[]
}

export const factsOf = (settings: HttpSettings<never>): PolicyFacts => {
  const { core, key, methods, missingKey, wait, predecessor } = settings
  const header = typeof key === 'function' ? undefined : key
  return {
    operation: core.operation,
    methods: [...methods],
    key: header === undefined ? 'function' : { header: header.name, profile: header.profile },
    missingKey,
    retentionSeconds: core.retention / 1_000,
    abandoned: core.abandoned === 'ask' ? 'reconcile' : core.abandoned,
    ...(core.rerunWithin === undefined ? {} : { rerunWithinSeconds: core.rerunWithin / 1_000 }),
    ...(wait === undefined ? {} : { waitSeconds: wait / 1_000 }),
    ...(predecessor === undefined ? {} : { predecessor: true }),
    storeDown: core.storeDown,
    unstored: core.unstored,
    conflicts: conflictTable(core),
    failures: failureTable(settings),
  }
}
