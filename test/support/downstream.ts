import type { Step } from '../../lib/effects/index.ts'
import type { StoredRecord } from '../../lib/index.ts'

/** A downstream service that notes who called it. */
export interface Downstream {
  /** The names of the steps that ran, in their order. */
  readonly runs: string[]
  /** How many different keys a step ran under. */
  keysOf(name: string): number
  /** A step's function: notes the run, and returns `result`. */
  does<T>(result: T): (step: Step) => T
  /** A step's function: notes the run, and throws `error`. */
  fails(error?: unknown): (step: Step) => never
}

export const downstream = (): Downstream => {
  const runs: string[] = []
  const keys = new Map<string, Set<string>>()
  const note = ({ name, downstreamKey }: Step): void => {
    runs.push(name)
    keys.set(name, (keys.get(name) ?? new Set()).add(downstreamKey))
  }
  return {
    runs,
    keysOf: (name) => keys.get(name)?.size ?? 0,
    does: (result) => (step) => {
      note(step)
      return result
    },
    fails:
      (error = new TypeError('the socket broke')) =>
      (step) => {
        note(step)
        throw error
      },
  }
}

/** The names of the steps in the record, in alphabetical order; `undefined` if it has none. */
export const keptIn = (record: StoredRecord | undefined): readonly string[] | undefined =>
  record?.status === 'IN_PROGRESS' && record.steps !== undefined ? [...record.steps.keys()].sort() : undefined
