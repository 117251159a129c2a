import type { ListedState } from '../operator/list.ts'
import type { CommonFlags } from './perform.ts'

/** Which table, and how to reach it. */
export interface TableFlags extends CommonFlags {
  readonly table?: string
  /** JSON, as `tableKeys` takes it. */
  readonly keys?: string
  readonly region?: string
  readonly endpoint?: string
  readonly profile?: string
}

/** Which record: by its key, or by what the key is derived from. */
export interface RecordFlags extends TableFlags {
  readonly record?: string
  readonly operation?: string
  readonly tenant?: string
  readonly method?: string
  readonly route?: string
  readonly key?: string
}

/** Who writes, and why. */
export interface WriteFlags extends RecordFlags {
  readonly reason?: string
  readonly by?: string
  readonly yes?: boolean
  /** The name of a log group. */
  readonly auditLog?: string
}

export interface InspectFlags extends RecordFlags {
  readonly showAnswer?: boolean
  readonly serve?: boolean
  /** Of the page. */
  readonly port?: number
}

export interface ListFlags extends TableFlags {
  readonly state: ListedState
  readonly operation?: string
  readonly limit: number
  readonly readUnits: number
  readonly from?: string
}

export interface LeaseFlags extends WriteFlags {
  readonly despiteLiveLease?: boolean
}

export interface EndFlags extends LeaseFlags {
  readonly retentionSeconds?: number
}

export interface SettleFlags extends EndFlags {
  readonly answer?: string
  readonly value?: string
  readonly factOnly?: boolean
  readonly status?: 'SUCCEEDED' | 'FAILED'
}

export interface ReleaseFlags extends EndFlags {
  readonly forgetSuccess?: boolean
  readonly forgetSteps?: boolean
}

export interface StepFlags extends LeaseFlags {
  readonly step?: string
  readonly done?: string
  readonly rerun?: boolean
}

export interface ExtendFlags extends WriteFlags {
  readonly retentionSeconds?: number
}

export interface ProposeFlags extends WriteFlags {
  readonly event?: string
  readonly payload?: string
  readonly config?: string
  readonly openSeconds: number
}

export interface DoctorFlags extends TableFlags {
  readonly queue?: string
  readonly function?: string
  readonly operation?: string
  readonly maxRuns?: number
  readonly retentionSeconds?: number
}

export interface PowertoolsFlags extends Omit<TableFlags, 'table'> {
  readonly from?: string
  readonly readUnits: number
  readonly statusAttr: string
  readonly expiryAttr: string
  readonly inProgressExpiryAttr: string
}

export interface PolicyFlags extends CommonFlags {
  readonly config?: string
  readonly format: 'markdown' | 'json' | 'openapi'
}

export interface ProveFlags extends CommonFlags {
  readonly url?: string
  readonly body?: string
  readonly n: number
  readonly method: string
  readonly key?: string
  readonly header?: readonly string[]
  readonly otherBody?: string
  readonly effectsUrl?: string
  readonly iOwnThisApi?: boolean
}
