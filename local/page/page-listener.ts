import type { RequestListener } from 'node:http'
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { json, type PageAnswer, refused, sendPage } from '../../lib/cli/page/page-answer.ts'
import { type PageFiles, readPageFiles, sharedFiles } from '../../lib/cli/page/page-files.ts'
import { tableOperator } from '../../lib/operator/index.ts'
import { IDEMPOTENCY_TABLE, PROVIDER } from '../example-api.ts'
import { readBody } from '../gateway/exchange.ts'
import { splitTarget } from '../gateway/request-event.ts'
import type { Charge } from '../provider/ledger.ts'
import { LOCAL_PREFIX } from '../queue/queue-listener.ts'
import type { StoreGate } from '../store-gate.ts'
import { allRecords } from './all-records.ts'
import { burst, readBurst } from './burst.ts'
import type { Feed } from './feed.ts'
import { ledgerView } from './ledger-view.ts'

export interface PageOf {
  readonly database: DynamoDBClient
  /** URL of the server that uses the listener. */
  readonly url: string
  readonly feed: Feed
  readonly gate: Pick<StoreGate, 'shut'>
}

/** The merchant whose payments the page makes. */
const MERCHANT = 'page'

/** The layer gives a store up within 2.5 s, so a request that comes in the first seconds is refused. */
const OUTAGE_SECONDS = 5

const MAX_BODY_BYTES = 4 * 1_024

const TOO_LARGE = refused(413, 'The body is too large.')

/** For example while everything stops. */
const failed = (error: Error): PageAnswer => refused(500, `It failed: ${error.message}`)

const PAGE_PATH = 'files/local/page/browser/'

type Act = (of: PageOf, body: string) => Promise<PageAnswer>

/** The page's own paths, below `/_local/`. `undefined`: the path is not one of them. */
export const pageListener = (of: PageOf): ((path: string) => RequestListener | undefined) => {
  const files: PageFiles = new Map([
    ...sharedFiles(),
    ...readPageFiles(new URL('./browser/', import.meta.url), PAGE_PATH),
  ])
  const operator = tableOperator({ tableName: IDEMPOTENCY_TABLE, client: of.database, by: 'page' })
  const acts: Readonly<Record<string, Act>> = {
    'GET records': async () => json(200, { records: await allRecords(operator) }),
    'GET ledger': async () => json(200, await ledgerView(of.database, await chargesAt(of.url))),
    'POST bursts': bursts,
    'POST outages': outages,
  }
  const answerTo = async (method: string, path: string, body: string): Promise<PageAnswer> => {
    const act = acts[`${method} ${path}`]
    if (act !== undefined) return act(of, body)
    if (method !== 'GET') return refused(405, 'This path answers GET.', { allow: 'GET' })
    return files.get(path === '' ? `${PAGE_PATH}index.html` : path) ?? refused(404, 'There is no such file.')
  }
  const isOwn = (path: string): boolean =>
    path === '' ||
    path === 'timeline' ||
    path.startsWith('files/') ||
    ['GET', 'POST'].some((method) => acts[`${method} ${path}`])

  return (target) => {
    const path = splitTarget(target).rawPath.slice(LOCAL_PREFIX.length)
    if (!isOwn(path)) return undefined
    return async (request, response) => {
      if (path === 'timeline' && request.method === 'GET') return of.feed.open(response)
      const body = await readBody(request, MAX_BODY_BYTES)
      if (body === 'broken') return
      const answer = body === 'too-large' ? TOO_LARGE : answerTo(request.method ?? '', path, body.toString())
      sendPage(response, await Promise.resolve(answer).catch(failed))
    }
  }
}

const chargesAt = async (url: string): Promise<readonly Charge[]> => {
  const response = await fetch(`${url}${PROVIDER.path}/charges`)
  return ((await response.json()) as { readonly charges: readonly Charge[] }).charges
}

const bursts: Act = async ({ url }, body) => {
  const request = readBurst(body)
  if (request === undefined) return refused(400, 'The body must be JSON with a key and a body.')
  return json(200, { answers: await burst(url, request, MERCHANT) })
}

const outages: Act = async ({ gate }) => {
  gate.shut(OUTAGE_SECONDS * 1_000)
  return json(202, { seconds: OUTAGE_SECONDS })
}
