import { parseArgs } from 'node:util'

export interface LocalSettings {
  readonly port: number
  /** Directory of the database; `undefined` keeps it in memory. */
  readonly dataDirectory: string | undefined
  readonly functionTimeoutSeconds: number
}

export type Flags = { readonly kind: 'help' } | ({ readonly kind: 'start' } & LocalSettings)

/** The command line or the machine does not allow a start. The message is one line: what is wrong, and what to do. */
export class StartRefusedError extends Error {
  override readonly name = 'StartRefusedError'
}

const DEFAULT_PORT = 3_000
const MAX_PORT = 65_535

const DEFAULT_TIMEOUT_SECONDS = 10

/** An HTTP API stops waiting after 30 s: it would discard the response of a function that runs longer. */
const MAX_TIMEOUT_SECONDS = 29

export const HELP: string = `Serves the example API and its orders queue on 127.0.0.1, with DynamoDB Local inside,
which listens on every interface of this machine: it has no option to change that. Payments charge at a
stand-in for a payment provider, which moves no money and keeps its charges in memory. The page /_local/
has a button for each case.

  npm start -- [flags]

  --port N                    the port to listen on; 0 takes a free one (default ${DEFAULT_PORT})
  --data DIR                  keep the database in DIR, so that retries are replayed after a restart (default: in memory)
  --function-timeout SECONDS  how long a function may run, 1 to ${MAX_TIMEOUT_SECONDS} (default ${DEFAULT_TIMEOUT_SECONDS})
  --help                      print this text

Ctrl-C stops everything that was started.
`

const FLAGS = {
  port: { type: 'string' },
  data: { type: 'string' },
  'function-timeout': { type: 'string' },
  help: { type: 'boolean' },
} as const

/** Throws {@link StartRefusedError} for the first invalid flag. */
export const readFlags = (argv: readonly string[]): Flags => {
  const given = givenFlags(argv)
  if (given.has('help')) return { kind: 'help' }
  return {
    kind: 'start',
    port: integer(given, 'port', { least: 0, most: MAX_PORT, otherwise: DEFAULT_PORT }),
    dataDirectory: directory(given),
    functionTimeoutSeconds: integer(given, 'function-timeout', {
      least: 1,
      most: MAX_TIMEOUT_SECONDS,
      otherwise: DEFAULT_TIMEOUT_SECONDS,
    }),
  }
}

type Given = ReadonlyMap<string, string | undefined>

/** Not strict, because Node's error messages take several lines and do not say what to do. */
const givenFlags = (argv: readonly string[]): Given => {
  const { tokens } = parseArgs({ args: [...argv], options: FLAGS, strict: false, tokens: true })
  const given = new Map<string, string | undefined>()
  for (const token of tokens) {
    if (token.kind === 'positional') throw unknown('argument', token.value)
    if (token.kind !== 'option') continue
    if (!Object.hasOwn(FLAGS, token.name)) throw unknown('flag', token.rawName)
    given.set(token.name, token.value)
  }
  return given
}

const unknown = (what: 'argument' | 'flag', value: string): StartRefusedError => {
  const flags = Object.keys(FLAGS).map((name) => `--${name}`)
  return new StartRefusedError(`Unknown ${what} ${value}: the flags are ${flags.join(', ')}`)
}

const integer = (
  given: Given,
  name: string,
  { least, most, otherwise }: { readonly least: number; readonly most: number; readonly otherwise: number },
): number => {
  if (!given.has(name)) return otherwise
  const text = given.get(name) ?? ''
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (value >= least && value <= most) return value
  throw new StartRefusedError(`--${name} ${shown(text)}: give an integer from ${least} to ${most}`)
}

const directory = (given: Given): string | undefined => {
  if (!given.has('data')) return undefined
  const path = given.get('data') ?? ''
  if (path !== '' && !path.startsWith('--')) return path
  throw new StartRefusedError(`--data ${shown(path)}: give a directory`)
}

const shown = (text: string): string => (text === '' ? 'has no value' : `is ${JSON.stringify(text)}`)
