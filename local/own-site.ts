import type { RequestListener } from 'node:http'
import { isFromOwnPage, namesThisHost } from '../lib/cli/page/loopback-host.ts'
import { refused, sendPage } from '../lib/cli/page/page-answer.ts'

/** Keeps the pages of other sites away from what is for this machine only. */
export const onlyOwnSite =
  (listener: RequestListener): RequestListener =>
  (request, response) => {
    if (!namesThisHost(request)) return sendPage(response, refused(403, 'The Host header must name this computer.'))
    if (request.method !== 'GET' && !isFromOwnPage(request))
      return sendPage(response, refused(403, 'A page of another site cannot do this.'))
    return listener(request, response)
  }
