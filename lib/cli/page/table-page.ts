import { timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, RequestListener } from 'node:http'
import type { EpochMillis } from '../../core/time.ts'
import type { Operator } from '../../operator/index.ts'
import type { RecordFlags } from '../flags.ts'
import { asListedState, LIST_BOUNDS } from '../listed-states.ts'
import { problemOf } from '../perform.ts'
import { costOf, scan } from '../table/list.ts'
import { anOperation, asRecordKey, PARTS, recordKeyFrom } from '../table/record-key.ts'
import { namesThisHost } from './loopback-host.ts'
import { json, type PageAnswer, refused, sendPage } from './page-answer.ts'
import { type PageFiles, SHARED_PATH, sharedFiles } from './page-files.ts'
import { shownRecord } from './shown-record.ts'

export interface TablePageOf {
  /** Nothing but reads. */
  readonly operator: Pick<Operator, 'find' | 'list' | 'size'>
  readonly tableName: string
  /** The first segment of every path. Who does not know it gets nothing. */
  readonly token: string
  readonly now: () => EpochMillis
}

/** The page of a real table. It answers only GET, only under its own name, and only with the token. */
export const tablePage = (of: TablePageOf): RequestListener => {
  const files = sharedFiles()
  return (request, response) => {
    answerTo(request, of, files).then(
      (answer) => sendPage(response, answer),
      (error: unknown) => sendPage(response, failed(error)),
    )
  }
}

const failed = (error: unknown): PageAnswer => {
  const { status, code, message } = problemOf(error)
  return json(status === 2 ? 400 : 502, { error: { code, message } })
}

const answerTo = async (request: IncomingMessage, of: TablePageOf, files: PageFiles): Promise<PageAnswer> => {
  if (!namesThisHost(request)) return refused(403, 'The Host header must name this computer.')
  if (request.method !== 'GET') return refused(405, 'The page is read-only: it answers GET.', { allow: 'GET' })
  // The target is not resolved against a base, which would take //x for a host.
  const [pathname = '', query] = (request.url ?? '/').split(/\?(.*)/s)
  const [, token = '', ...rest] = pathname.split('/')
  if (!isSame(token, of.token)) return refused(404, 'Open the URL that the command has printed.')
  // The page names its files relative to the slash.
  if (rest.length === 0) return refused(308, 'The page is one slash further.', { location: `/${of.token}/` })
  const path = rest.join('/')
  const searchParams = new URLSearchParams(query)
  const read = READS.get(path)
  if (read !== undefined) return json(200, await read(of, searchParams))
  return files.get(path === '' ? `${SHARED_PATH}table.html` : path) ?? refused(404, 'There is no such file.')
}

/** Takes the same time for each wrong token of the right length. */
const isSame = (given: string, token: string): boolean => {
  const [a, b] = [Buffer.from(given), Buffer.from(token)]
  return a.length === b.length && timingSafeEqual(a, b)
}

type Read = (of: TablePageOf, query: URLSearchParams) => Promise<unknown>

const table: Read = async ({ operator, tableName }) => ({
  tableName,
  cost: await costOf(operator, LIST_BOUNDS),
})

const records: Read = async ({ operator, now }, query) => {
  const [state, operation, from] = [query.get('state') ?? 'abandoned', query.get('operation'), query.get('from')]
  const wanted = {
    state: asListedState(state),
    ...(operation ? { operation: anOperation(operation) } : {}),
    ...LIST_BOUNDS,
  }
  const found = await scan(operator, wanted, from ? asRecordKey('from', from) : undefined)
  const { next = null, readUnits, scanned } = found
  return { records: found.records.map((record) => shownRecord(record, now())), next, readUnits, scanned }
}

const record: Read = async ({ operator, now }, query) => {
  const recordKey = recordKeyFrom(recordFlags(query))
  const found = await operator.find(recordKey)
  return { recordKey, record: found === undefined ? null : shownRecord(found, now()) }
}

/** An empty field of a form is a flag that is left out. */
const recordFlags = (query: URLSearchParams): RecordFlags =>
  Object.fromEntries(['record', ...PARTS].flatMap((name) => (query.get(name) ? [[name, query.get(name)]] : [])))

/** A map, so that no name of an object's own members is a path. */
const READS: ReadonlyMap<string, Read> = new Map(Object.entries({ table, records, record }))
