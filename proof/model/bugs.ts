import type { World } from './spin.ts'

export interface PlantedBug {
  /** The name in proof/model/claim.pml, without `BUG_`. */
  readonly name: string
  /** What the bug leaves out or does instead. */
  readonly what: string
  /** The smallest world in which the bug does harm. */
  readonly world: World
}

/** Two calls with one payload, without faults. */
const QUIET: World = { CALLS: 2, PAYLOADS: 1, FAULTS: 0, CRASHES: 0, FAILURES: 0, TICKS: 0 }
const LAPSE: World = { ...QUIET, TICKS: 1 }
const FAILURE: World = { ...QUIET, FAILURES: 1 }
const FAULT: World = { ...QUIET, FAULTS: 1 }
/** One fault for each send of a request. */
const UNKNOWN: World = { ...QUIET, FAULTS: 2 }
/** Persons let another payload use the key. */
const OVERRIDDEN: World = { ...QUIET, PAYLOADS: 2, OVERRIDE: true }
/** A handler throws, and a reconcile function is asked. */
const QUESTION: World = { ...FAILURE, ASK: true }
/** A handler commits an order with its answer, and the item is always in stock. */
const COMMIT: World = { ...QUIET, COMMIT: true, CHANGES: 0 }
/** The item is out of stock, and then it is there again. */
const RESTOCKED: World = { ...COMMIT, CHANGES: 2 }
/** A handler charges in one step, and mails in the next. */
const STEPS: World = { ...QUIET, STEPS: true }
/** The charge is marked before it runs. */
const STOP: World = { ...STEPS, STOP: true }
/** A handler with steps throws, and a reconcile function is asked. */
const QUESTION_OF_STEPS: World = { ...QUESTION, STEPS: true }
/** A handler charges and mails at the same time. */
const PARALLEL: World = { ...STEPS, PARALLEL: true }

export const PLANTED_BUGS: readonly PlantedBug[] = [
  { name: 'COMPLETE_UNFENCED', what: 'completion without the fence', world: LAPSE },
  { name: 'RELEASE_UNFENCED', what: 'release without the fence', world: { ...LAPSE, FAILURES: 1 } },
  { name: 'FENCE_IGNORES_STATUS', what: 'fence on the token but not on the status', world: FAULT },
  { name: 'NO_SELF_RECOGNITION_ON_CLAIM', what: 'no self-recognition on claim', world: FAULT },
  { name: 'NO_SELF_RECOGNITION_ON_COMPLETE', what: 'no self-recognition on complete', world: FAULT },
  {
    name: 'NO_SELF_RECOGNITION_ON_RENEW',
    what: 'no self-recognition on renew',
    world: { ...FAULT, TICKS: 1, LEASE: 2, RENEWALS: 1 },
  },
  { name: 'REQUEST_ID_AS_TOKEN', what: 'the Lambda request id as token', world: QUIET },
  {
    name: 'TOKEN_PER_INVOCATION',
    what: 'one token per invocation',
    world: { ...FAULT, FAILURES: 1, RETRIES: 1 },
  },
  { name: 'RELEASE_DELETES', what: 'release by delete', world: { ...FAULT, FAILURES: 1 } },
  { name: 'TAKE_OVER_IGNORES_REVISION', what: 'take-over without comparing the revision', world: LAPSE },
  { name: 'TAKE_OVER_WITHOUT_COMPARING', what: 'take-over without compare-and-set', world: LAPSE },
  { name: 'RELEASE_WHILE_RUNNING', what: 'release while the handler runs', world: QUIET },
  { name: 'RELEASE_ON_CONFLICT', what: 'release on conflict', world: QUIET },
  { name: 'RELEASE_AFTER_UNKNOWN_COMPLETION', what: 'release after an unknown completion', world: UNKNOWN },
  { name: 'RELEASE_BY_A_DOUBTFUL_CLAIM', what: 'release by a doubtful claim', world: { ...QUIET, FAILURES: 2 } },
  { name: 'RELEASE_ON_THROW', what: 'release on a plain throw', world: FAILURE },
  {
    name: 'ABANDON_MOVES_THE_LEASE',
    what: 'abandon by moving the lease to now',
    world: { ...FAULT, FAILURES: 1, TICKS: 1, LEASE: 2, RENEWALS: 1 },
  },
  { name: 'HELD_RECORD_EXPIRES', what: 'a held record that expires', world: { ...FAILURE, HOLD: true, EXPIRIES: 1 } },
  { name: 'LOST_OWNER_ANSWERS_ITS_OWN', what: 'a fenced owner answers its own result', world: LAPSE },
  {
    name: 'LOST_OWNER_ANSWERS_ANOTHER_PAYLOAD',
    what: 'a fenced owner answers another payload’s outcome',
    world: { ...LAPSE, PAYLOADS: 2, EXPIRIES: 1 },
  },
  { name: 'TTL_ON_A_LIVE_CLAIM', what: 'TTL on a live claim', world: { ...QUIET, EXPIRIES: 1 } },
  {
    name: 'RENEWAL_MOVES_BACK',
    what: 'a renewal that moves a lease back',
    world: { ...FAULT, TICKS: 2, LEASE: 3, RENEWALS: 2 },
  },
  { name: 'DOWNSTREAM_KEY_WITHOUT_GENERATION', what: 'a downstream key without generation', world: FAILURE },
  {
    name: 'RETENTION_SHORTER_THAN_A_REQUEST',
    what: 'retention shorter than a request’s life',
    world: { ...FAULT, EXPIRIES: 1 },
  },
  { name: 'RUN_ON_UNKNOWN_CLAIM', what: 'a run on a claim whose fate is unknown', world: UNKNOWN },
  { name: 'START_AFTER_LAPSE', what: 'a handler that starts although its lease has lapsed', world: LAPSE },
  {
    name: 'FOLLOW_AFTER_A_LAPSE',
    what: 'an answer that is followed although the lease has lapsed',
    world: { ...QUESTION, TICKS: 1 },
  },
  {
    name: 'UNANSWERED_QUESTION_ABANDONS',
    what: 'a question that is not answered in time abandons',
    world: QUESTION,
  },
  { name: 'UNDECIDED_QUESTION_RELEASES', what: 'a question that decides nothing releases', world: QUESTION },
  { name: 'DONE_ANSWERED_UNSTORED', what: 'done is answered, and not stored', world: { ...QUESTION, FAULTS: 2 } },
  { name: 'RERUN_BEGINS_A_GENERATION', what: 'rerun begins a generation', world: QUESTION },
  {
    name: 'GENERATION_UNWRITTEN',
    what: 'a generation that begins in memory only',
    world: { ...QUESTION, FAILURES: 2 },
  },
  {
    name: 'RUN_ON_UNKNOWN_GENERATION',
    what: 'a run in a generation whose fate is unknown',
    world: { ...QUESTION, FAILURES: 2, FAULTS: 2 },
  },
  {
    name: 'GENERATION_WITHOUT_COMPARING',
    what: 'a generation without comparing the one before',
    world: { ...QUESTION, FAULTS: 1 },
  },
  {
    name: 'GENERATION_AFTER_AN_ABANDON',
    what: 'a generation that begins without a lease',
    world: { ...QUESTION, FAULTS: 2 },
  },
  {
    name: 'NOT_DONE_IS_NO_PROMISE',
    what: 'a downstream that says notDone while a predecessor still runs',
    world: { ...LAPSE, ASK: true },
  },
  { name: 'OVERRIDE_FOR_ANY_PAYLOAD', what: 'an override for any payload', world: OVERRIDDEN },
  { name: 'PROPOSAL_COUNTS', what: 'an override that is not approved', world: OVERRIDDEN },
  { name: 'OVERRIDE_OVER_A_LIVE_LEASE', what: 'an override over a live lease', world: OVERRIDDEN },
  { name: 'OVERRIDE_NOT_CONSUMED', what: 'an override that the claim leaves in the record', world: OVERRIDDEN },
  {
    name: 'COMMIT_WITHOUT_THE_RECORD',
    what: 'a commit without the record’s condition',
    world: { ...COMMIT, TICKS: 1 },
  },
  {
    name: 'COMMIT_IGNORES_STATUS',
    what: 'a commit that compares the token but not the status',
    world: { ...COMMIT, CHANGES: 1, FAULTS: 1 },
  },
  { name: 'COMMIT_UNRECOGNISED', what: 'no self-recognition on commit', world: { ...COMMIT, FAULTS: 1 } },
  {
    name: 'ANY_OUTCOME_OF_ITS_OWN',
    what: 'any settled record of the claim is taken for this commit',
    world: { ...RESTOCKED, FAULTS: 1 },
  },
  {
    name: 'REFUSAL_WITHOUT_A_FENCE',
    what: 'a refused commit is abandoned without a fence',
    world: { ...RESTOCKED, FAULTS: 1, FAILURES: 1 },
  },
  {
    name: 'REFUSAL_BEFORE_ITS_END_IS_STORED',
    what: 'a refusal is answered before the end of the claim is stored',
    world: { ...RESTOCKED, FAULTS: 3 },
  },
  {
    name: 'HANDLER_ANSWERS_AFTER_AN_UNKNOWN_COMMIT',
    what: 'the handler’s own answer after a commit of unknown fate',
    world: { ...COMMIT, FAULTS: 2 },
  },
  {
    name: 'ONE_SHOT_WITHOUT_THE_RECORD',
    what: 'a one-shot write without the record’s condition',
    world: { ...COMMIT, ONE_SHOT: true },
  },
  {
    name: 'ONE_SHOT_WITHOUT_A_FENCE',
    what: 'a one-shot write is refused without a fence',
    world: { ...RESTOCKED, ONE_SHOT: true, FAULTS: 1 },
  },
  {
    name: 'CHECKPOINT_WITHOUT_THE_TOKEN',
    what: 'a checkpoint without the token',
    world: { ...STEPS, TICKS: 1 },
  },
  {
    name: 'CHECKPOINT_OF_THE_WHOLE_MAP',
    what: 'a checkpoint of the whole map',
    world: { ...STEPS, FAULTS: 1 },
  },
  { name: 'TAKE_OVER_DROPS_STEPS', what: 'a take-over drops the steps', world: { ...STEPS, FAILURES: 1 } },
  {
    name: 'NEW_GENERATION_KEEPS_STEPS',
    what: 'a new generation keeps the steps of the one before',
    world: { ...STOP, FAILURES: 1 },
  },
  {
    name: 'MARK_AFTER_AN_ABANDON',
    what: 'a mark that is written after an abandon',
    world: { ...STOP, FAULTS: 2 },
  },
  {
    name: 'MARK_REPLACES_A_RESULT',
    what: 'a late mark that replaces a result',
    world: { ...STOP, FAULTS: 1 },
  },
  {
    name: 'RUN_ON_UNKNOWN_MARK',
    what: 'a step that runs although the fate of its mark is unknown',
    world: { ...STOP, SENDS: 1, FAULTS: 1, CRASHES: 1, TICKS: 1 },
  },
  { name: 'RERUN_DROPS_STEPS', what: 'rerun drops the steps', world: QUESTION_OF_STEPS },
  { name: 'DEFER_DROPS_STEPS', what: 'a question that decides nothing drops the steps', world: QUESTION_OF_STEPS },
  {
    name: 'NEXT_GENERATION_KEEPS_STEPS',
    what: 'a generation that begins after a question keeps the steps in the record',
    world: { ...QUESTION_OF_STEPS, FAILURES: 2 },
  },
  {
    name: 'NEXT_GENERATION_SKIPS_STEPS',
    what: 'a generation that begins after a question skips the steps of the one before',
    world: QUESTION_OF_STEPS,
  },
  {
    name: 'DONE_OF_ONE_STEP',
    what: 'a downstream that says done when one of two steps has run',
    world: QUESTION_OF_STEPS,
  },
  {
    name: 'SIBLINGS_NOT_AWAITED',
    what: 'a claim that ends while one of its steps still runs',
    world: { ...PARALLEL, FAILURES: 1 },
  },
  {
    name: 'ANSWER_COUNTS_FOR_ALL',
    what: 'the answer to a checkpoint counts for a result that came after it was sent',
    world: PARALLEL,
  },
]
