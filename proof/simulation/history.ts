import type { Fingerprint } from '../../lib/core/identity/fingerprint.ts'
import type { RunResult } from '../../lib/core/lifecycle/run.ts'
import type { Claim } from '../../lib/core/record/claim.ts'
import type { StoredRecord } from '../../lib/core/record/record.ts'
import type { Settlement } from '../../lib/core/record/store.ts'
import type { Answer, Deed } from './deed.ts'
import type { Profile } from './profile.ts'

/** What the operator did to a record: always under a new token and a higher revision. */
export type Override = 'settles' | 'releases'

/** Everything has a place in one order, since many things happen in one millisecond. */
export interface Happening {
  readonly order: number
  /** By the store's clock. */
  readonly at: number
}

interface WriteBase extends Happening {
  readonly before: StoredRecord | undefined
  readonly after: StoredRecord | undefined
}

interface RequestWrite extends WriteBase {
  readonly invocation: number
  readonly claim: Claim
  /** When the request was sent, in the one order. */
  readonly sent: number
  /** Its sender had its answer, had given up, or was dead. */
  readonly stray: boolean
}

/** A change of the record, with what stood there before and after. */
export type Write =
  | (RequestWrite & { readonly by: 'claim' })
  | (RequestWrite & { readonly by: 'takeOver' })
  | (RequestWrite & { readonly by: 'renew' })
  | (RequestWrite & { readonly by: 'settle'; readonly as: Settlement['kind'] })
  | (WriteBase & { readonly by: 'operator'; readonly override: Override })
  | (WriteBase & { readonly by: 'sweep' })

/** One execution of the handler under a claim. */
export interface Run {
  readonly invocation: number
  readonly host: number
  readonly claim: Claim
  readonly downstreamKey: string
  readonly start: Happening & { readonly hostNow: number }
  /** Absent where it never ended: its process died. */
  end: (Happening & { readonly deed: Deed }) | undefined
  /** Died: from here on it does nothing any more. */
  died: Happening | undefined
  /** How often it had its effect. */
  effects: number
}

/** An answer to a caller. */
export interface Answered extends Happening {
  readonly invocation: number
  readonly fingerprint: Fingerprint
  readonly askedAt: number
  /** In the one order, when its caller asked. */
  readonly asked: number
  /** The claim that it won, if it did. */
  readonly won: Claim | undefined
  /** The claim under which it ran, if it did. */
  readonly claim: Claim | undefined
  /** The store had told it of a record that was not its own. */
  readonly hadContender: boolean
  readonly result: RunResult<Answer> | { readonly kind: 'threw'; readonly error: unknown }
  /** Requests to the store, as the lifecycle counts them: an SDK's second send is none. */
  readonly requests: Requests
}

export interface Requests {
  readonly writes: number
  readonly reads: number
  /** The most that one claim step needed. */
  readonly claimStep: number
}

/** A handler was told that its claim is lost. */
export interface Aborted extends Happening {
  readonly claim: Claim
  /** By the clock of its host. */
  readonly hostNow: number
  /** The end of lease that its host knew of. */
  readonly knownLease: number
  readonly record: StoredRecord | undefined
  readonly handlerEnded: boolean
}

/** A renewal that an owner sent, or tried to send. */
export interface RenewalAttempt {
  readonly claim: Claim
  /** By the store's clock. */
  readonly at: number
}

/** When an invocation ends, by the clock of its host. */
export interface InvocationEnd {
  readonly invocation: number
  readonly host: number
  /** Where its host enforces it. */
  readonly deadline: number | undefined
  /** As its context says. */
  readonly expectedEnd: number
}

/** A process that died. */
export interface Death extends Happening {
  readonly invocation: number
}

/** A time in which a host did nothing. */
export interface Freeze {
  readonly host: number
  readonly from: number
  readonly until: number
}

/** A time without faults, in which callers keep coming until one gets an outcome. */
export interface Calm {
  readonly since: number
  readonly record: StoredRecord | undefined
  readonly handlerMillis: number
  /** How often a caller that waited as long as it was told was refused once more. */
  refusedAgain: number
  /** When an outcome was answered. */
  answeredAt: number | undefined
}

/** Every invocation has ended, and no request is under way. */
export interface Rest extends Happening {
  readonly record: StoredRecord | undefined
}

/** All that happened in one schedule. */
export interface History {
  readonly profile: Profile
  readonly skew: number
  /** Each host's clock less the store's. */
  readonly hostSkews: readonly number[]
  readonly writes: readonly Write[]
  readonly runs: readonly Run[]
  readonly answers: readonly Answered[]
  readonly aborts: readonly Aborted[]
  readonly attempts: readonly RenewalAttempt[]
  readonly ends: readonly InvocationEnd[]
  readonly freezes: readonly Freeze[]
  readonly calms: readonly Calm[]
  readonly rests: readonly Rest[]
  /** Invocations that died: crashed, or ended at their deadline. */
  readonly deaths: readonly Death[]
  /** Requests that were refused for no reason of the record's. */
  readonly refusals: number
  readonly invocations: number
}
