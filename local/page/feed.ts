import type { ServerResponse } from 'node:http'
import { PAGE_HEADERS } from '../../lib/cli/page/page-answer.ts'
import type { StoreGate } from '../store-gate.ts'
import type { Timeline } from './timeline.ts'

/** Sends what happens to a page, as server-sent events, until it goes away. */
export interface Feed {
  readonly open: (response: ServerResponse) => void
  /** Tells every page whether the store can be reached. */
  readonly storeChanged: () => void
}

export const createFeed = (timeline: Timeline, shutUntil: StoreGate['shutUntil']): Feed => {
  const pages = new Set<ServerResponse>()
  const store = (): object => ({ shutForMillis: Math.max(0, (shutUntil() ?? 0) - Date.now()) })

  return {
    open: (response) => {
      response.writeHead(200, { ...PAGE_HEADERS, 'content-type': 'text/event-stream' })
      send(response, 'store', store())
      // The page may have seen some of them before its connection broke.
      send(response, 'lanes', timeline.lanes())
      const stop = timeline.follow((lane) => send(response, 'lane', lane))
      pages.add(response)
      response.once('close', () => {
        stop()
        pages.delete(response)
      })
    },
    storeChanged: () => {
      for (const page of pages) send(page, 'store', store())
    },
  }
}

const send = (response: ServerResponse, name: string, value: unknown): void => {
  response.write(`event: ${name}\ndata: ${JSON.stringify(value)}\n\n`)
}
