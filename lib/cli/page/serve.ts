import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Answer, UsageError } from '../answer.ts'
import type { InspectFlags } from '../flags.ts'
import type { Io } from '../io.ts'
import { openTable, tableNameFrom } from '../table/open-table.ts'
import { PARTS } from '../table/record-key.ts'
import { tablePage } from './table-page.ts'

const HOST = '127.0.0.1'

/** As many bits as no one can try out. */
const TOKEN_BYTES = 32

/** Serves the page until the person ends it. */
export const serve = async (flags: InspectFlags, io: Io): Promise<Answer> => {
  refuseFlagsOfOneRecord(flags)
  const token = randomBytes(TOKEN_BYTES).toString('base64url')
  const page = tablePage({ operator: openTable(flags, io), tableName: tableNameFrom(flags), token, now: io.now })
  const server = createServer(page)
  const port = await listening(server, flags.port)
  const url = `http://${HOST}:${port}/${token}/`
  io.err(`The page of the table ${tableNameFrom(flags)}, which only reads, is at ${url} (Ctrl-C ends it)`)
  await io.interrupted()
  server.close()
  server.closeAllConnections()
  return { status: 0, json: { url }, lines: [] }
}

const refuseFlagsOfOneRecord = (flags: InspectFlags): void => {
  const given = ['record' as const, ...PARTS, 'showAnswer' as const].filter((name) => flags[name] !== undefined)
  const names = given.map((name) => (name === 'showAnswer' ? '--show-answer' : `--${name}`))
  if (names.length > 0)
    throw new UsageError(`--serve shows the whole table, without answers; leave out ${names.join(', ')}`)
}

const listening = async (server: Server, port = 0): Promise<number> => {
  try {
    server.listen(port, HOST)
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException
    throw new UsageError(`--port is ${port}, which cannot be used (${code}); give another one, or none`)
  }
}
