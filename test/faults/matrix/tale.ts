import { isDeepStrictEqual } from 'node:util'
import type { StoredRecord } from '../../../lib/core/record/record.ts'
import type { ending } from '../../support/scene.ts'
import { type Cell, expected, type RecordState } from './cell.ts'

/** When the sends that the network kept reach the database. `never`: it kept none. */
export type Surfacing = 'before the retry' | 'after the retry' | 'never'

/** A renewed lease and its first beat, in milliseconds. */
export const RENEWED_LEASE = 60_000
export const BEAT: number = RENEWED_LEASE / 3

type Ended = Awaited<ReturnType<typeof ending<{ value: unknown; status: string }>>>

/** What one play of a cell showed. */
export interface Tale {
  /** Sends of the cell's step by the first call. */
  readonly sends: number
  readonly runs: number
  readonly sawLoss: boolean
  /** Of a renewal: by how many milliseconds the lease ends later right after the beat. */
  readonly renewedBy: number | undefined
  /** The generations that the downstream was asked about, oldest first. */
  readonly asked: readonly number[]
  /** Whether a run got a downstream key that had been asked about. */
  readonly ranAsAsked: boolean
  /** The downstream keys of the step, one for each time that it ran. */
  readonly charges: readonly string[]
  /** Whether the order is stored: after the first call, before the retry, and at the end. */
  readonly orders: readonly boolean[]
  readonly first: Ended
  readonly atFirst: StoredRecord | undefined
  /** The record when the retry begins. */
  readonly between: StoredRecord | undefined
  readonly retry: Ended
  readonly reruns: number
  readonly settled: StoredRecord | undefined
  /** How many late sends reached the database. */
  readonly surfaced: number
  /** The record when all of them have. */
  readonly last: StoredRecord | undefined
}

/** Returns what did not end as it must. */
export const faultIn = (cell: Cell, surfacing: Surfacing, tale: Tale): string | undefined =>
  [
    ...faultsAtFirst(cell, tale),
    ...faultsLater(surfacing, tale),
    ...faultsOfGeneration(cell, tale),
    ...faultsOfCheckpoint(cell, tale),
    ...faultsOfCommit(cell, tale),
  ].find((fault): fault is string => fault !== true)

type Check = string | true

const faultsAtFirst = (cell: Cell, { sends, runs, sawLoss, renewedBy, first, atFirst }: Tale): readonly Check[] => {
  const wanted = expected(cell)
  const renewal = wanted.isRenewed === undefined ? undefined : wanted.isRenewed ? BEAT : 0
  return [
    sends >= 2 || `the fault was met by ${sends} sends`,
    runs === wanted.runs || `${runs} runs at first, ${wanted.runs} expected`,
    !sawLoss || 'the signal of the handler aborted',
    shown(first) === wanted.first || `at first ${shown(first)}, ${wanted.first} expected`,
    stateOf(atFirst) === wanted.left || `at first it leaves ${stateOf(atFirst)}, ${wanted.left} expected`,
    (atFirst?.generation ?? 1) === (wanted.generation ?? 1) || `at first it leaves generation ${atFirst?.generation}`,
    renewedBy === renewal || `the lease is renewed by ${renewedBy} ms, ${renewal} expected`,
  ]
}

const faultsLater = (
  surfacing: Surfacing,
  { between, retry, reruns, settled, surfaced, last }: Tale,
): readonly Check[] => {
  const isReplay = between?.status === 'SUCCEEDED'
  return [
    shown(retry) === `done ${isReplay ? 'replayed' : 'created'}` || `the retry got ${shown(retry)}`,
    reruns === (isReplay ? 0 : 1) || `${reruns} runs at the retry`,
    settled?.status === 'SUCCEEDED' || `the record is ${settled?.status}`,
    surfaced > 0 === (surfacing !== 'never') || `${surfaced} sends were late`,
    isDeepStrictEqual(last, settled) || 'what arrived late changed the record',
  ]
}

/**
 * After `notDone` a claim runs in the generation that it began, or it abandons and no late send begins one. A retry asks
 * about the generation that is stored.
 */
const faultsOfGeneration = (
  { step }: Cell,
  { asked, ranAsAsked, atFirst, between, settled }: Tale,
): readonly Check[] => {
  if (step !== 'nextGeneration') return [asked.length === 0 || 'the downstream was asked']
  const wanted = between?.status === 'IN_PROGRESS' ? [1, between.generation] : [1]
  return [
    isDeepStrictEqual(between, atFirst) || 'what arrived before the retry changed the record',
    isDeepStrictEqual(asked, wanted) || `asked about generations ${asked}, ${wanted} expected`,
    !ranAsAsked || 'a run got the downstream key that was not done',
    settled?.generation === settled?.attempt || `attempt ${settled?.attempt} ran in generation ${settled?.generation}`,
  ]
}

/** A step runs again at the retry, under the same downstream key, unless its result was kept when the retry began. */
const faultsOfCheckpoint = (cell: Cell, { charges, atFirst, between }: Tale): readonly Check[] => {
  if (cell.step !== 'checkpoint') return []
  const runs = keeps(between) ? 1 : 2
  return [
    keeps(atFirst) === expected(cell).isKept || `at first the result is ${keeps(atFirst) ? 'kept' : 'not kept'}`,
    charges.length === runs || `the step ran ${charges.length} times, ${runs} expected`,
    new Set(charges).size === 1 || 'the step got a second downstream key',
  ]
}

const keeps = (record: StoredRecord | undefined): boolean =>
  record?.status === 'IN_PROGRESS' && record.steps?.has('charge') === true

/** The order and the answer are stored both or neither, at each moment. */
const faultsOfCommit = ({ step }: Cell, { orders, atFirst, between, last }: Tale): readonly Check[] => {
  const wanted = [atFirst, between, last].map((record) => step === 'commit' && record?.status === 'SUCCEEDED')
  return [isDeepStrictEqual(orders, wanted) || `the order is stored: ${orders}, ${wanted} expected`]
}

const stateOf = (record: StoredRecord | undefined): RecordState => {
  switch (record?.status) {
    case undefined:
      return 'nothing'
    case 'IN_PROGRESS':
      return record.leaseExpiresAt === undefined ? 'abandoned' : 'claimed'
    case 'RELEASED':
      return 'released'
    default:
      return 'completed'
  }
}

const shown = (ended: Ended): string => {
  if ('value' in ended) return `${ended.value.value} ${ended.value.status}`
  const { code, message } = ended.error as { code?: string; message: string }
  return code ?? message
}
