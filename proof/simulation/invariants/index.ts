import type { History } from '../history.ts'
import {
  answersTheCommitted,
  answersTheUnknown,
  commitsItsOwn,
  committedIsStored,
  countsItsOwn,
  knowsItsCommit,
  renewsNothingMeanwhile,
  rowsAndRecord,
} from './commit.ts'
import { refusesTheOther, refusesTheUnsettled, replaysTheHeld } from './current.ts'
import { attemptsGrow, oneEffect, oneExecution, sameEffectKeys } from './generation.ts'
import { endsWithItsInvocation, neverLostInSilence } from './lease.ts'
import { equalAnswers, oneCompletion, ownPayload, settledStays } from './outcome.ts'
import { approvedByAnother, approvesOnce, claimsItsPayload, overridesInTime, overridesNoLease } from './override.ts'
import {
  claimedOnce,
  endsOwnClaim,
  leaseOnlyGrows,
  overlapAfterLapse,
  releasedUndone,
  runsInTurn,
  startsInTime,
  takesOverTheFree,
  unprotectedAlone,
  vanishesWhenExpired,
} from './ownership.ts'
import { fewRequests, nothingStays, oneRun, someCallCompletes, waitsOnce } from './progress.ts'
import {
  asksAboutTheAbandoned,
  asksAlone,
  beginsGenerationOnce,
  countsRuns,
  runsAsAnswered,
  runsInStoredGeneration,
} from './question.ts'
import { abortsWhenLost, recognisesItself } from './recognition.ts'
import {
  answersTheStopped,
  asksInDoubt,
  beginsNothingKept,
  checkpointsItsOwn,
  endsWithoutSteps,
  keepsBeforeItResolves,
  keepsTheDone,
  lostStepsStop,
  marksUnderLease,
  oneKeyAStep,
  settlesAfterSteps,
  skipsOnlyTheDone,
  stepsOnlyGrow,
  stepsStartInTime,
  stopsAfterOne,
} from './step.ts'
import { type Invariant, storyOf } from './story.ts'
import { endsWithinWindow, runsWithinWindow } from './window.ts'

interface Rule {
  /** The number of the behaviour that it checks. */
  readonly name: string
  readonly holds: Invariant
  /** Whether it holds under any clock. Otherwise it holds only while clocks differ by less than the store's skew. */
  readonly anyClock: boolean
}

const underAnyClock = (name: string, holds: Invariant): Rule => ({ name, holds, anyClock: true })
const withinSkew = (name: string, holds: Invariant): Rule => ({ name, holds, anyClock: false })

export const RULES: readonly Rule[] = [
  underAnyClock('H1', oneCompletion),
  underAnyClock('H2', settledStays),
  withinSkew('H3', oneRun),
  withinSkew('H4', runsInTurn),
  withinSkew('H5', endsOwnClaim),
  withinSkew('H5', releasedUndone),
  withinSkew('H5', overlapAfterLapse),
  underAnyClock('H6', equalAnswers),
  withinSkew('H8', nothingStays),
  withinSkew('H9', leaseOnlyGrows),
  withinSkew('H10', takesOverTheFree),
  withinSkew('H11', fewRequests),
  withinSkew('H12', someCallCompletes),
  underAnyClock('H13', ownPayload),
  withinSkew('H14', sameEffectKeys),
  underAnyClock('H15', beginsNothingKept),
  underAnyClock('H16', skipsOnlyTheDone),
  withinSkew('H17', answersTheCommitted),
  withinSkew('H18', replaysTheHeld),
  withinSkew('H18', refusesTheOther),
  withinSkew('H18', refusesTheUnsettled),
  underAnyClock('A4', recognisesItself),
  withinSkew('A4', abortsWhenLost),
  withinSkew('A5', claimedOnce),
  underAnyClock('A5', vanishesWhenExpired),
  withinSkew('A10', attemptsGrow),
  withinSkew('B2', waitsOnce),
  withinSkew('B8', startsInTime),
  underAnyClock('B8', stepsStartInTime),
  withinSkew('C12', oneEffect),
  withinSkew('C12', oneExecution),
  underAnyClock('C16', endsWithItsInvocation),
  withinSkew('C16', neverLostInSilence),
  underAnyClock('E11', unprotectedAlone),
  withinSkew('I1', asksAlone),
  underAnyClock('I3', runsAsAnswered),
  underAnyClock('I4', beginsGenerationOnce),
  underAnyClock('I7', runsInStoredGeneration),
  withinSkew('I8', asksAboutTheAbandoned),
  withinSkew('I9', endsWithinWindow),
  withinSkew('I9', runsWithinWindow),
  withinSkew('I10', countsRuns),
  underAnyClock('I12', oneKeyAStep),
  underAnyClock('I12', keepsBeforeItResolves),
  underAnyClock('I13', keepsTheDone),
  underAnyClock('I13', checkpointsItsOwn),
  underAnyClock('I16', stepsOnlyGrow),
  underAnyClock('I17', lostStepsStop),
  underAnyClock('I17', answersTheStopped),
  underAnyClock('I18', settlesAfterSteps),
  underAnyClock('I21', asksInDoubt),
  underAnyClock('I21', marksUnderLease),
  underAnyClock('I21', stopsAfterOne),
  underAnyClock('I22', endsWithoutSteps),
  underAnyClock('I23', rowsAndRecord),
  underAnyClock('I23', commitsItsOwn),
  underAnyClock('I24', knowsItsCommit),
  underAnyClock('I24', countsItsOwn),
  underAnyClock('I26', committedIsStored),
  underAnyClock('I27', answersTheUnknown),
  underAnyClock('I30', renewsNothingMeanwhile),
  withinSkew('O1', claimsItsPayload),
  withinSkew('O1', approvesOnce),
  withinSkew('O1', overridesInTime),
  underAnyClock('O1', approvedByAnother),
  underAnyClock('O1', overridesNoLease),
]

export interface Violation {
  readonly name: string
  readonly what: string
}

/** Returns every invariant that this history breaks. */
export const violationsOf = (history: History): readonly Violation[] => {
  const story = storyOf(history)
  const violations: Violation[] = []
  for (const { name, holds, anyClock } of RULES) {
    if (history.profile.farClocks && !anyClock) continue
    const what = holds(story)
    if (what !== undefined) violations.push({ name, what })
  }
  return violations
}
