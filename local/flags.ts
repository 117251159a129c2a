import { parseArgs } from 'node:util'
import { StartRefused } from './start-refused.ts'

export interface LocalSettings {
  readonly port: number
  /** Where the database is kept; `undefined`: in memory. */
  readonly dataDirectory: string | undefined
  readonly functionTimeoutSeconds: number
}

export type Flags = { readonly kind: 'help' } | ({ readonly kind: 'start' } & LocalSettings)

const DEFAULT_PORT = 3_000
const MAX_PORT = 65_535

const DEFAULT_TIMEOUT_SECONDS = 10

/** An HTTP API gives up after 30 s: a function that may run longer answers nobody. */
const MAX_TIMEOUT_SECONDS = 29

export const HELP: string = `Serves the example API and its orders queue on 127.0.0.1, with DynamoDB Local inside,
which listens on every interface of this machine: it cannot be told otherwise.

  npm start -- [flags]

  --port N                    where to listen; 0 takes one that is free (default ${DEFAULT_PORT})
  --data DIR                  keep the database in DIR: a retry is replayed after a restart too (default: in memory)
  --function-timeout SECONDS  when a function is killed, 1 to ${MAX_TIMEOUT_SECONDS} (default ${DEFAULT_TIMEOUT_SECONDS})
  --help                      this text

Ctrl-C stops everything that was started.
`

const FLAGS = {
  port: { type: 'string' },
  data: { type: 'string' },
  'function-timeout': { type: 'string' },
  help: { type: 'boolean' },
} as const

/** Throws {@link StartRefused} for the first flag that cannot be right. */
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

/** Not strict: Node's own messages take several lines, and do not say what to do. */
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

const unknown = (what: 'argument' | 'flag', value: string): StartRefused => {
  const flags = Object.keys(FLAGS).map((name) => `--${name}`)
  return new StartRefused(`Unknown ${what} ${value}: the flags are ${flags.join(', ')}`)
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
  throw new StartRefused(`--${name} ${shown(text)}: give an integer from ${least} to ${most}`)
}

const directory = (given: Given): string | undefined => {
  if (!given.has('data')) return undefined
  const path = given.get('data') ?? ''
  if (path !== '' && !path.startsWith('--')) return path
  throw new StartRefused(`--data ${shown(path)}: give a directory`)
}

const shown = (text: string): string => (text === '' ? 'has no value' : `is ${JSON.stringify(text)}`)
