import type { World } from './spin.ts'

export interface NamedWorld {
  readonly name: string
  readonly world: World
}

/** Each takes seconds; all together take about a minute on one core. */
export const SMALL_WORLDS: readonly NamedWorld[] = [
  { name: 'rerun: two calls, two faults, a crash, a failing handler', world: { FAULTS: 2 } },
  { name: 'hold: the same', world: { FAULTS: 2, HOLD: true } },
  { name: 'renewals: a heartbeat beats twice', world: { FAULTS: 1, LEASE: 2, RENEWALS: 2, TICKS: 3, PAYLOADS: 1 } },
  { name: 'renewals under hold', world: { FAULTS: 1, LEASE: 2, RENEWALS: 1, TICKS: 3, PAYLOADS: 1, HOLD: true } },
  { name: 'expiry: a retention ends, TTL sweeps', world: { FAULTS: 1, EXPIRIES: 1, TICKS: 1 } },
  { name: 'one caller calls twice in one invocation', world: { FAULTS: 1, RETRIES: 1, CRASHES: 0, TICKS: 1 } },
  { name: 'three calls without network faults', world: { CALLS: 3, FAULTS: 0, TICKS: 1 } },
  { name: 'clocks that are wrong', world: { FAULTS: 1, WRONG_CLOCKS: true } },
  { name: 'reconcile: each answer, two faults, a crash', world: { FAULTS: 2, PAYLOADS: 1, ASK: true } },
  { name: 'reconcile with clocks that are wrong', world: { FAULTS: 1, PAYLOADS: 1, ASK: true, WRONG_CLOCKS: true } },
  {
    name: 'override: proposed, approved, withdrawn at any moment',
    world: { FAULTS: 1, CRASHES: 0, TICKS: 1, OVERRIDE: true },
  },
  {
    name: 'transactions: two faults, a crash, a lapse',
    world: { FAULTS: 2, FAILURES: 0, TICKS: 1, PAYLOADS: 1, COMMIT: true },
  },
  {
    name: 'transactions: three faults, a handler that throws',
    world: { FAULTS: 3, CRASHES: 0, TICKS: 0, PAYLOADS: 1, COMMIT: true, CHANGES: 2 },
  },
  {
    name: 'one-shot writes beside each other and beside a claim',
    world: { FAULTS: 2, FAILURES: 0, TICKS: 1, PAYLOADS: 1, COMMIT: true, ONE_SHOT: true },
  },
  {
    name: 'steps: a fault, a crash, a lapse',
    world: { FAULTS: 1, FAILURES: 0, TICKS: 1, PAYLOADS: 1, STEPS: true },
  },
  {
    name: 'steps: two faults, a failing handler',
    world: { FAULTS: 2, CRASHES: 0, TICKS: 0, PAYLOADS: 1, STEPS: true },
  },
  {
    name: 'a step that must not run twice: a fault, a crash, a lapse',
    world: { FAULTS: 1, FAILURES: 0, TICKS: 1, PAYLOADS: 1, STEPS: true, STOP: true },
  },
  {
    name: 'reconcile after steps: a fault, a crash, a lapse',
    world: { FAULTS: 1, FAILURES: 0, TICKS: 1, PAYLOADS: 1, ASK: true, STEPS: true },
  },
  {
    name: 'reconcile after steps: two faults, two requests late, a failing handler',
    world: { FAULTS: 2, LATE: 2, CRASHES: 0, TICKS: 0, PAYLOADS: 1, ASK: true, STEPS: true },
  },
  {
    name: 'reconcile after a step that must not run twice: a fault, a crash, a lapse',
    world: { FAULTS: 1, FAILURES: 0, TICKS: 1, PAYLOADS: 1, ASK: true, STEPS: true, STOP: true },
  },
  {
    name: 'steps at the same time: a fault, a step that throws, a lapse',
    world: { FAULTS: 1, CRASHES: 0, TICKS: 1, PAYLOADS: 1, STEPS: true, PARALLEL: true },
  },
  {
    name: 'steps at the same time: two faults, two requests late, a step that throws',
    world: { FAULTS: 2, LATE: 2, CRASHES: 0, TICKS: 0, PAYLOADS: 1, STEPS: true, PARALLEL: true },
  },
  {
    name: 'steps at the same time, one of which must not run twice: a fault, a crash, a lapse',
    world: { FAULTS: 1, FAILURES: 0, TICKS: 1, PAYLOADS: 1, STEPS: true, STOP: true, PARALLEL: true },
  },
  {
    name: 'reconcile after steps at the same time: a fault, a step that throws',
    world: { FAULTS: 1, CRASHES: 0, TICKS: 0, PAYLOADS: 1, ASK: true, STEPS: true, PARALLEL: true },
  },
]

/** These take minutes and gigabytes. Run them if you change the protocol. */
export const LARGE_WORLDS: readonly NamedWorld[] = [
  { name: 'rerun: three faults, two requests late', world: { FAULTS: 3, LATE: 2, FAILURES: 2, TICKS: 2 } },
  { name: 'hold: the same', world: { FAULTS: 3, LATE: 2, FAILURES: 2, TICKS: 2, HOLD: true } },
  { name: 'renewals: three beats, a late one, two failures', world: { FAULTS: 2, LEASE: 2, RENEWALS: 3, TICKS: 3 } },
  { name: 'expiry: two retentions end', world: { FAULTS: 2, EXPIRIES: 2, TICKS: 2 } },
  { name: 'expiry under hold', world: { FAULTS: 2, EXPIRIES: 2, TICKS: 1, HOLD: true } },
  { name: 'three calls with a fault', world: { CALLS: 3, FAULTS: 1, CRASHES: 0, FAILURES: 1, TICKS: 1, PAYLOADS: 1 } },
  { name: 'clocks that are wrong, two requests late', world: { FAULTS: 3, LATE: 2, WRONG_CLOCKS: true } },
  {
    name: 'reconcile: three faults, two requests late',
    world: { FAULTS: 3, LATE: 2, FAILURES: 2, TICKS: 2, ASK: true },
  },
  {
    name: 'transactions: two faults, a lapse, a handler that throws',
    world: { FAULTS: 2, CRASHES: 0, TICKS: 1, PAYLOADS: 1, COMMIT: true },
  },
  {
    name: 'a step that must not run twice: two faults, a failing handler',
    world: { FAULTS: 2, TICKS: 1, PAYLOADS: 1, STEPS: true, STOP: true },
  },
  { name: 'reconcile: three calls', world: { CALLS: 3, FAULTS: 0, TICKS: 1, PAYLOADS: 1, ASK: true } },
  {
    name: 'reconcile after steps: two faults, a failing handler, a lapse',
    world: { FAULTS: 2, TICKS: 1, PAYLOADS: 1, ASK: true, STEPS: true },
  },
  {
    name: 'steps at the same time: two faults, a step that throws, a lapse',
    world: { FAULTS: 2, TICKS: 1, PAYLOADS: 1, STEPS: true, PARALLEL: true },
  },
  {
    name: 'reconcile after steps at the same time, one of which must not run twice: a fault, a lapse',
    world: { FAULTS: 1, TICKS: 1, PAYLOADS: 1, ASK: true, STEPS: true, STOP: true, PARALLEL: true },
  },
]
