import type { OperatorAct } from '../../lib/core/events.ts'
import type { Fingerprint } from '../../lib/core/identity/fingerprint.ts'
import type { RunResult } from '../../lib/core/lifecycle/run-result.ts'
import type { Claim } from '../../lib/core/record/claim.ts'
import type { StoredRecord } from '../../lib/core/record/record.ts'
import type { Settlement } from '../../lib/core/record/store.ts'
import type { Answer, Deed } from './deed.ts'
import type { PlannedStep } from './plan.ts'
import type { Profile } from './profile.ts'

/** Many things happen in one millisecond, so each also has a place in one total order. */
export interface Happening {
  readonly order: number
  /** Time on the store's clock, in epoch milliseconds. */
  readonly at: number
}

interface WriteBase extends Happening {
  readonly before: StoredRecord | undefined
  readonly after: StoredRecord | undefined
  /** Whether the store holds steps after it, also where a record of its status has none. */
  readonly leavesSteps: boolean
}

interface RequestWrite extends WriteBase {
  readonly invocation: number
  readonly claim: Claim
  /** When the request was sent, in the total order. */
  readonly sent: number
  /** Whether its sender already had its answer, had given up, or was dead. */
  readonly stray: boolean
}

/** A change of the record, with the record before and after it. */
export type Write =
  | (RequestWrite & { readonly by: 'claim' })
  | (RequestWrite & { readonly by: 'takeOver' })
  | (RequestWrite & { readonly by: 'renew' })
  | (RequestWrite & { readonly by: 'nextGeneration' })
  | (RequestWrite & { readonly by: 'checkpoint' })
  | (RequestWrite & { readonly by: 'commit' })
  /** A commit without a claim before it. */
  | (RequestWrite & { readonly by: 'put' })
  | (RequestWrite & { readonly by: 'settle'; readonly settlement: Settlement['kind'] })
  /** By a person, always with a new token and a higher revision. `decidedAt`: on the person's clock. */
  | (WriteBase & {
      readonly by: 'operator'
      readonly act: OperatorAct
      readonly decidedAt: number
      /** The step that it decided, with the number of the result that it kept. */
      readonly about: { readonly step: string; readonly result: number | undefined } | undefined
    })
  | (WriteBase & { readonly by: 'sweep' })

/** One execution of the handler under a claim. */
export interface Run {
  readonly invocation: number
  readonly host: number
  readonly claim: Claim
  readonly downstreamKey: string
  readonly start: Happening & {
    readonly hostNow: number
    /** The end of the lease, as its host knew it. */
    readonly knownLease: number
  }
  /** The downstream key of the stored generation at the start; `undefined` if the record had another claim. */
  readonly storedKey: string | undefined
  /** `undefined` until it ends, or if its process died. */
  end: (Happening & { readonly deed: Deed }) | undefined
  /** When its process died. After this it does nothing. */
  died: Happening | undefined
  /** How many of its requests the downstream executed. */
  effects: number
  /** The answer of the downstream, if one came. */
  heard: 'executed' | 'declined' | undefined
  /** The steps that it called, in this order. */
  readonly steps: StepCall[]
  /** Its calls of `transact`, in this order. */
  readonly transactions: Transaction[]
}

/** One call of `transact` by a handler. */
export interface Transaction {
  /** Of its order. */
  readonly number: number
  readonly start: Happening
  /** `undefined` until it ends, or if its process died. `record`: what the store held then. */
  end:
    | (Happening & {
        readonly how: 'committed' | 'refused' | 'lost' | 'unknown' | 'mistaken'
        readonly record: StoredRecord | undefined
      })
    | undefined
}

/** An order in the user's table. */
export interface Row extends Happening {
  readonly number: number
}

/** A send of a commit that its client got no answer to. */
export interface DoubtfulSend extends Happening {
  readonly number: number
}

/** One call of `step` by a handler. */
export interface StepCall {
  readonly step: PlannedStep
  readonly start: Happening
  /** Whether its `inDoubt` function was called. */
  isAsked: boolean
  /** `undefined` if its function was not called. */
  execution: Execution | undefined
  /** The number of the result that its `inDoubt` function answered; `undefined` if it answered none. */
  answered: number | undefined
  /** `undefined` until it ends, or if its process died. */
  end: StepEnd | undefined
}

/** How a call of `step` ended. */
export interface StepEnd extends Happening {
  readonly hostNow: number
  /** The number of the result, if it resolved. */
  readonly result: number | undefined
  readonly stored: Stored
}

/** What the record of the claim holds under the name of a step; `undefined` if the record has another claim. */
export type Stored = 'result' | 'mark' | 'nothing' | undefined

/** The function of a step ran. */
export interface Execution {
  /** Identifies its result. */
  readonly number: number
  readonly downstreamKey: string
  readonly start: Happening & {
    readonly hostNow: number
    /** The end of the lease, as its host knew it. */
    readonly knownLease: number
  }
  /** At the start. */
  readonly stored: Stored
  /** `undefined` until it ends, or if its process died. */
  end: (Happening & { readonly how: StepDeed }) | undefined
}

/** How the function of a step ends. */
export type StepDeed = 'done' | 'throws' | 'notDone'

export type Decision = 'done' | 'rerun' | 'notDone' | 'unknown'

/** The downstream was asked about an abandoned record. */
export interface Question {
  readonly invocation: number
  readonly host: number
  readonly claim: Claim
  readonly downstreamKey: string
  readonly start: Happening
  /** `undefined` until the answer comes, or if its process died before. */
  end: (Happening & { readonly decision: Decision }) | undefined
}

/** The downstream executed a request. */
export interface Effect extends Happening {
  readonly run: Run
  /** The name that the downstream key is made of. */
  readonly key: string
  readonly downstreamKey: string
  /** The sender's lease had not ended, on its host's clock, when it sent the request. */
  readonly inLease: boolean
}

/** An answer to a caller. */
export interface Answered extends Happening {
  readonly invocation: number
  readonly fingerprint: Fingerprint
  readonly askedAt: number
  /** When its caller asked, in the total order. */
  readonly asked: number
  /** The claim that it won, if any. */
  readonly won: Claim | undefined
  /** The claim under which its handler ran, if it ran. */
  readonly claim: Claim | undefined
  /** Whether the store had reported another claimant's record to it. */
  readonly hadContender: boolean
  /** The numbers of the orders that a one-shot write tried to write; `undefined`: it was none. */
  readonly orders: readonly number[] | undefined
  readonly result: RunResult<Answer> | { readonly kind: 'threw'; readonly error: unknown }
  /** Requests to the store as the lifecycle counts them, without the second sends of a client. */
  readonly requests: Requests
}

export interface Requests {
  readonly writes: number
  readonly reads: number
  /** Checkpoints do not count as writes. */
  readonly checkpoints: number
  /** The most requests of one claim step. */
  readonly claimStep: number
}

/** The signal of a handler reported that its claim is lost. */
export interface Aborted extends Happening {
  readonly claim: Claim
  /** Time on its host's clock. */
  readonly hostNow: number
  /** The end of the lease as its host knew it. */
  readonly knownLease: number
  readonly record: StoredRecord | undefined
  /** Whether the handler and its steps had ended. */
  readonly handlerEnded: boolean
}

/** A renewal that an owner tried to send. */
export interface RenewalAttempt {
  readonly claim: Claim
  /** Time on the store's clock, in epoch milliseconds. */
  readonly at: number
}

/** When an invocation ends, on its host's clock. */
export interface InvocationEnd {
  readonly invocation: number
  readonly host: number
  /** `undefined` if its host does not enforce one. */
  readonly deadline: number | undefined
  /** The deadline that its context reports. */
  readonly expectedEnd: number
}

/** A process that died. */
export interface Death extends Happening {
  readonly invocation: number
}

/** The store refused a checkpoint, so its owner knows that the claim is lost. */
export interface Loss extends Happening {
  readonly claim: Claim
}

/** The layer reported a claim lost to its observer. */
export interface LossReport extends Happening {
  readonly claim: Claim
  /** What the store held then. */
  readonly record: StoredRecord | undefined
}

/** A span in which a host was stopped. */
export interface Freeze {
  readonly host: number
  readonly from: number
  readonly until: number
}

/** A span without faults, in which callers keep coming until one gets an outcome. */
export interface Calm {
  readonly since: number
  readonly record: StoredRecord | undefined
  readonly handlerMillis: number
  /** How often a caller was refused again after it had waited for `Retry-After`. */
  refusedAgain: number
  /** How often a caller got `outcome-pending` again after it had waited for `Retry-After`. */
  pendingAgain: number
  /** When a caller got an outcome. */
  answeredAt: number | undefined
}

/** The record after every invocation has ended and no request is under way. */
export interface Rest extends Happening {
  readonly record: StoredRecord | undefined
}

/** Everything that happened in one schedule. */
export interface History {
  readonly profile: Profile
  readonly skew: number
  /** Each host's clock minus the store's clock, in milliseconds. */
  readonly hostSkews: readonly number[]
  readonly writes: readonly Write[]
  readonly runs: readonly Run[]
  readonly questions: readonly Question[]
  readonly effects: readonly Effect[]
  readonly answers: readonly Answered[]
  readonly aborts: readonly Aborted[]
  readonly attempts: readonly RenewalAttempt[]
  readonly ends: readonly InvocationEnd[]
  readonly freezes: readonly Freeze[]
  readonly calms: readonly Calm[]
  readonly rests: readonly Rest[]
  /** Invocations that crashed or were ended at their deadline. */
  readonly deaths: readonly Death[]
  readonly losses: readonly Loss[]
  /** Only with transactions. */
  readonly lossReports: readonly LossReport[]
  readonly rows: readonly Row[]
  readonly doubts: readonly DoubtfulSend[]
  /** Requests that the store refused for a reason other than the record. */
  readonly refusals: number
  readonly invocations: number
}
