/** A section of docs/operating.md, and the command that it begins with. */
export interface Runbook {
  readonly heading: string
  /** Without `--table`. A word in capitals is for the person to fill in. */
  readonly command: string
}

/** What begins with one record, which the log line of the event names. */
const THE_RECORD = 'inspect --record RECORD_KEY'

const OF_THE_STORE: Runbook = { heading: 'Runbook: calls to the store failed', command: 'doctor' }
const OF_THE_LOAD: Runbook = { heading: 'Runbook: the store is slow or throttles', command: 'doctor' }

/** What an alarm watches. */
export type RunbookName =
  | 'lost'
  | 'unstored'
  | 'abandoned'
  | 'outcomeUnknown'
  | 'storeFailed'
  | 'claimLatency'
  | 'throttles'
  | 'transactionConflicts'
  | 'deadLetters'

/** One for each alarm. */
export const RUNBOOKS: Readonly<Record<RunbookName, Runbook>> = {
  lost: { heading: 'Runbook: a claim was lost', command: THE_RECORD },
  unstored: { heading: 'Runbook: an outcome was not stored', command: THE_RECORD },
  abandoned: { heading: 'Runbook: runs end in doubt', command: 'list --state abandoned' },
  outcomeUnknown: { heading: 'Runbook: an outcome is unknown', command: 'list --state abandoned' },
  storeFailed: OF_THE_STORE,
  claimLatency: OF_THE_LOAD,
  throttles: OF_THE_LOAD,
  transactionConflicts: OF_THE_LOAD,
  deadLetters: { heading: 'Runbook: dead letters', command: THE_RECORD },
}

/** The page that has the runbooks, in the repository of this package. */
export const RUNBOOK_PAGE = 'docs/operating.md'

/** The fragment that GitHub and most renderers of Markdown give to a heading. */
export const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\w -]/g, '')
    .replaceAll(' ', '-')

/** What the description of an alarm says after its first sentence. */
export const runbookText = ({ heading, command }: Runbook, tableName: string, page: string): string =>
  `What to do: "${heading}", ${page}#${anchorOf(heading)}. Begin with: npx lambda-once ${command} --table ${tableName}`
