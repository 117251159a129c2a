import type { Emit } from './events.ts'
import type { AbandonedRule } from './record/judge.ts'
import type { Store } from './record/store.ts'
import type { Runtime } from './runtime.ts'
import type { Millis } from './time.ts'

/** The options that the lifecycle reads: checked, with defaults and units. */
export interface Settings {
  readonly store: Store
  readonly operation: string
  readonly retention: Millis
  readonly abandoned: AbandonedRule
  /** How long after its beginning a generation may run again; `undefined`: without bound under `rerun`. */
  readonly rerunWithin: Millis | undefined
  readonly lease: Millis | undefined
  readonly storeDown: 'reject' | 'dangerouslyRunUnprotected'
  readonly unstored: 'answer' | 'fail'
  readonly emit: Emit
  readonly runtime: Runtime
}
