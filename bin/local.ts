/** `npm start`: serves the example API on this machine. */
import { IDEMPOTENCY_TABLE } from '../local/example-api.ts'
import { type Flags, HELP, readFlags, StartRefusedError } from '../local/flags.ts'
import { JavaMissingError } from '../local/java.ts'
import { startLocalServer } from '../local/local-server.ts'
import { whenParentEnds } from '../local/parent-watch.ts'
import { tour, tourText } from '../local/tour.ts'

const REFUSED_STATUS = 2

const logError = (line: string): void => {
  process.stderr.write(`${line}\n`)
}

let stopping = false

const start = async (flags: Extract<Flags, { kind: 'start' }>): Promise<void> => {
  const starting = startLocalServer(flags, logError)
  stopOnSignals(starting)
  const { url, databaseUrl } = await starting
  if (stopping) return
  const { functionTimeoutSeconds, dataDirectory } = flags
  const keySuffix = dataDirectory === undefined ? '' : `-${Date.now().toString(36)}`
  const steps = tourText(tour({ url, functionTimeoutSeconds, keySuffix }))
  process.stdout.write(
    `The example API is at ${url} (Ctrl-C stops it). Its page is at ${url}/_local/.\n` +
      `Its records: npx lambda-once list --endpoint ${databaseUrl} --table ${IDEMPOTENCY_TABLE}\n\nTo try:\n\n${steps}\n`,
  )
}

/**
 * npm may pass Ctrl-C on, so the signal can arrive twice. A server that is still starting stops once it has started.
 */
const stopOnSignals = (starting: ReturnType<typeof startLocalServer>): void => {
  const stop = async (): Promise<void> => {
    if (stopping) return
    stopping = true
    await starting.then((server) => server.stop()).catch(() => {})
    process.exit()
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop)
  if (process.env.npm_lifecycle_event !== undefined) whenParentEnds(stop)
}

const refuse = (error: unknown): void => {
  if (stopping) return // Ctrl-C also ends the bundler, which then fails
  const expected = error instanceof StartRefusedError || error instanceof JavaMissingError
  logError(`npm start: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = expected ? REFUSED_STATUS : 1
}

try {
  const flags = readFlags(process.argv.slice(2))
  if (flags.kind === 'help') process.stdout.write(HELP)
  else await start(flags)
} catch (error) {
  refuse(error)
}
