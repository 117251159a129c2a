import { type Asking, FOUND, type Questions } from './payer.ts'
import type { Place } from './place.ts'

const WINDOW_SECONDS = 60

/**
 * What the downstream says of the effect in doubt. `done`: the owner had it. `notDone`: it did not. `in the window`: as
 * `notDone`, and a generation that has just begun may run again without a question.
 */
export type Said = 'done' | 'rerun' | 'notDone' | 'notDone, in the window' | 'unknown'

export interface Scenario {
  readonly asking: Asking
  /** Whether the owner throws after its effect, or before it. */
  readonly hadEffect: boolean
  readonly isOld?: true
}

export const SCENARIOS: Readonly<Record<Said, Scenario>> = {
  done: { asking: { ask: 'lookUp' }, hadEffect: true },
  rerun: { asking: { ask: 'rerun' }, hadEffect: true },
  notDone: { asking: { ask: 'lookUp' }, hadEffect: false },
  'notDone, in the window': {
    asking: { ask: 'lookUp', rerunWithinSeconds: WINDOW_SECONDS },
    hadEffect: false,
    isOld: true,
  },
  unknown: { asking: { ask: 'unknown' }, hadEffect: true },
}

export interface Expected extends Questions {
  /** The retry that comes at once, before its `Retry-After` if it is refused. */
  readonly atOnce: string
  readonly afterTheLease: string
  readonly third: string
  readonly runs: number
  readonly attempt: number
  readonly generation: number
}

const ran = (by: 'the victim' | 'a retry', how: 'created' | 'replayed') => `paid by ${by} (${how})`
const FOUND_AGAIN = `${FOUND} (replayed)`

/** The record is in progress until its lease ends. Then a retry asks about the keys of the owner. */
const FIRST_ASKED = { atOnce: 'in-progress', questions: 1, askedKeys: 1, attempt: 3, generation: 1 } as const

const NOT_DONE: Expected = {
  ...FIRST_ASKED,
  afterTheLease: ran('a retry', 'created'),
  third: ran('a retry', 'replayed'),
  runs: 1,
  generation: 3,
}

/** The victim did not ask. */
const ASKS: Readonly<Record<Said, Expected>> = {
  done: { ...FIRST_ASKED, afterTheLease: FOUND_AGAIN, third: FOUND_AGAIN, runs: 1 },
  rerun: { ...NOT_DONE, runs: 2, generation: 1 },
  notDone: NOT_DONE,
  'notDone, in the window': NOT_DONE,
  // Before the third retry the downstream answers again.
  unknown: {
    ...FIRST_ASKED,
    afterTheLease: 'outcome-pending',
    third: FOUND_AGAIN,
    runs: 1,
    questions: 2,
    attempt: 4,
  },
}

/** The victim asked, and the retry asks again. */
const asksAgain = (said: Said): Expected => ({ ...ASKS[said], questions: ASKS[said].questions + 1 })

type Row = readonly [where: string, place: Place, expected: Expected]

const aroundTheQuestion = (said: Said): readonly Row[] => [
  ['before its question', { point: 'before-reconcile' }, ASKS[said]],
  ['in its question', { point: 'in-question' }, asksAgain(said)],
  ['after its question', { point: 'after-reconcile' }, asksAgain(said)],
]

/** The victim has stored `done`: the retries replay it, and nothing asks again. */
const STORED: Expected = { ...ASKS.done, atOnce: FOUND_AGAIN, attempt: 2 }

const AFTER_DONE: readonly Row[] = [
  ['before it stores the answer', { point: 'before-settle' }, asksAgain('done')],
  ['while its completion is lost on the way', { inFlight: 'complete', arrives: false }, asksAgain('done')],
  ['while its completion is late', { inFlight: 'complete', arrives: 'late' }, asksAgain('done')],
  ['while its completion is applied', { inFlight: 'complete', arrives: true }, STORED],
  ['after it has stored the answer', { point: 'after-settle' }, STORED],
]

const RERAN: Expected = { ...asksAgain('rerun'), runs: 3 }

const REPLAYS_THE_VICTIM = {
  atOnce: ran('the victim', 'replayed'),
  afterTheLease: ran('the victim', 'replayed'),
  third: ran('the victim', 'replayed'),
  attempt: 2,
} as const

const RERUN_STORED: Expected = { ...ASKS.rerun, ...REPLAYS_THE_VICTIM }

const AFTER_RERUN: readonly Row[] = [
  ['before its handler', { point: 'before-handler' }, asksAgain('rerun')],
  ['before its effect', { point: 'before-effect' }, asksAgain('rerun')],
  ['after its effect', { point: 'after-effect' }, RERAN],
  ['before its completion', { point: 'before-settle' }, RERAN],
  ['while its completion is late', { inFlight: 'complete', arrives: 'late' }, RERAN],
  ['while its completion is applied', { inFlight: 'complete', arrives: true }, RERUN_STORED],
]

/** The victim's generation is stored, and the retry asks about its keys. */
const ASKS_ABOUT_THE_NEXT: Expected = { ...asksAgain('notDone'), askedKeys: 2 }
/** The downstream has made the payment under the keys of the victim's generation. */
const FOUND_IN_THE_NEXT: Expected = {
  ...ASKS_ABOUT_THE_NEXT,
  afterTheLease: FOUND_AGAIN,
  third: FOUND_AGAIN,
  generation: 2,
}

const NOT_DONE_STORED: Expected = { ...ASKS.notDone, ...REPLAYS_THE_VICTIM, generation: 2 }

const AFTER_NOT_DONE: readonly Row[] = [
  ['before its generation', { point: 'before-next-generation' }, asksAgain('notDone')],
  ['while its generation is lost on the way', { inFlight: 'nextGeneration', arrives: false }, asksAgain('notDone')],
  ['while its generation is late', { inFlight: 'nextGeneration', arrives: 'late' }, asksAgain('notDone')],
  ['while its generation is applied', { inFlight: 'nextGeneration', arrives: true }, ASKS_ABOUT_THE_NEXT],
  ['after its generation', { point: 'after-next-generation' }, ASKS_ABOUT_THE_NEXT],
  ['before its handler', { point: 'before-handler' }, ASKS_ABOUT_THE_NEXT],
  ['before its effect', { point: 'before-effect' }, ASKS_ABOUT_THE_NEXT],
  ['after its effect', { point: 'after-effect' }, FOUND_IN_THE_NEXT],
  ['before its completion', { point: 'before-settle' }, FOUND_IN_THE_NEXT],
  ['while its completion is late', { inFlight: 'complete', arrives: 'late' }, FOUND_IN_THE_NEXT],
  ['while its completion is applied', { inFlight: 'complete', arrives: true }, NOT_DONE_STORED],
]

/** The retry runs in the generation that is stored, and does not ask. */
const RUNS_IN_THE_NEXT: Expected = { ...ASKS['notDone, in the window'], generation: 2 }

const IN_THE_WINDOW: readonly Row[] = [
  ['before its generation', { point: 'before-next-generation' }, asksAgain('notDone, in the window')],
  [
    'while its generation is late',
    { inFlight: 'nextGeneration', arrives: 'late' },
    asksAgain('notDone, in the window'),
  ],
  ['while its generation is applied', { inFlight: 'nextGeneration', arrives: true }, RUNS_IN_THE_NEXT],
  ['after its generation', { point: 'after-next-generation' }, RUNS_IN_THE_NEXT],
  ['before its effect', { point: 'before-effect' }, RUNS_IN_THE_NEXT],
  ['after its effect', { point: 'after-effect' }, { ...RUNS_IN_THE_NEXT, runs: 2 }],
]

/** The victim has stored when the downstream may be asked again. */
const PENDING: Expected = { ...asksAgain('unknown'), atOnce: 'outcome-pending' }

const AFTER_UNKNOWN: readonly Row[] = [
  ['before it abandons', { point: 'before-settle' }, asksAgain('unknown')],
  ['while its abandonment is lost on the way', { inFlight: 'abandon', arrives: false }, asksAgain('unknown')],
  ['while its abandonment is late', { inFlight: 'abandon', arrives: 'late' }, asksAgain('unknown')],
  ['while its abandonment is applied', { inFlight: 'abandon', arrives: true }, PENDING],
  ['after it has abandoned', { point: 'after-settle' }, PENDING],
]

const TAKING_OVER: readonly Row[] = [
  [
    'while its take-over is lost on the way',
    { inFlight: 'takeOver', arrives: false },
    { ...ASKS.done, atOnce: FOUND_AGAIN, attempt: 2 },
  ],
  ['while its take-over is applied', { inFlight: 'takeOver', arrives: true }, ASKS.done],
]

const ROWS: Readonly<Record<Said, readonly Row[]>> = {
  done: [...TAKING_OVER, ...aroundTheQuestion('done'), ...AFTER_DONE],
  rerun: [...aroundTheQuestion('rerun'), ...AFTER_RERUN],
  notDone: [...aroundTheQuestion('notDone'), ...AFTER_NOT_DONE],
  'notDone, in the window': IN_THE_WINDOW,
  unknown: [...aroundTheQuestion('unknown'), ...AFTER_UNKNOWN],
}

export interface Case {
  readonly said: Said
  readonly where: string
  readonly place: Place
  readonly expected: Expected
}

export const CASES: readonly Case[] = (Object.keys(ROWS) as Said[]).flatMap((said) =>
  ROWS[said].map(([where, place, expected]) => ({ said, where, place, expected })),
)
