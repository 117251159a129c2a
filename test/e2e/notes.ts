import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { notesFile } from './target.ts'

/** What the second suite needs to know from the first. */
export interface Notes {
  /** A payment from before the second deployment, and its answer. */
  readonly replayed: { readonly merchantId: string; readonly key: string; readonly text: string }
  /** A payment whose function ran into its timeout. */
  readonly timedOut: { readonly merchantId: string; readonly key: string }
}

export const readNotes = (): Notes => JSON.parse(readFileSync(notesFile(), 'utf8'))

/** Not locked: only one test file writes notes, one test at a time. */
export const note = <K extends keyof Notes>(name: K, value: Notes[K]): void => {
  const noted = existsSync(notesFile()) ? readNotes() : {}
  writeFileSync(notesFile(), JSON.stringify({ ...noted, [name]: value }))
}
