import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import middy from '@middy/core'
import { z } from 'zod'
import { createDeadlineOf } from '../../lib/batch/deadline.ts'
import { cached } from '../../lib/cached/index.ts'
import { deriveKey, idempotentFetch, operationKey, UsageError } from '../../lib/client/index.ts'
import { readSettings as readFetchSettings } from '../../lib/client/options.ts'
import { systemRuntime as clientRuntime } from '../../lib/client/runtime.ts'
import { checkOptions, OptionError } from '../../lib/core/option-rules.ts'
import { COMMON_RULES, readSettings, type WaitChoice, waitOf } from '../../lib/core/options.ts'
import type { Claim } from '../../lib/core/record/claim.ts'
import { systemRuntime } from '../../lib/core/runtime.ts'
import { dynamoDbStore } from '../../lib/dynamodb/index.ts'
import { tableKeys } from '../../lib/dynamodb/keys/index.ts'
import { leanDynamoDbStore } from '../../lib/dynamodb/lean/index.ts'
import { allowOrigins } from '../../lib/http/cors.ts'
import { idempotency, idempotent, storeSuccess } from '../../lib/http/index.ts'
import { readHttpSettings } from '../../lib/http/options.ts'
import { once } from '../../lib/index.ts'
import { memoryStore } from '../../lib/memory/index.ts'
import { powertoolsTable } from '../../lib/migrate/index.ts'
import { s3Answers } from '../../lib/s3/index.ts'
import { sqsHandler } from '../../lib/sqs/index.ts'
import { readSqsSettings } from '../../lib/sqs/settings.ts'
import { dynamoDbStreamHandler, kafkaHandler, kinesisHandler } from '../../lib/streams/index.ts'
import { readStreamSettings, STREAM_RULES } from '../../lib/streams/settings.ts'
import type { Stream } from '../../lib/streams/stream.ts'
import { type ValkeyClient, valkey } from '../../lib/valkey/index.ts'
import { readValkeySettings } from '../../lib/valkey/valkey.ts'
import { stripe, webhook, webhookToQueue } from '../../lib/webhooks/index.ts'
import { readWebhookSettings } from '../../lib/webhooks/options.ts'
import { aClaim, completed, unhurried } from '../support/claims.ts'
import { ROOT } from '../support/doc-blocks.ts'
import { type DocRow, rowsUnder } from '../support/doc-tables.ts'
import { fakeRuntime } from '../support/fake-runtime.ts'
import { contextWith, payment } from '../support/http-events.ts'
import { answered, counting } from '../support/http-harness.ts'
import { chainOf } from '../support/middy-chain.ts'

const PAGE = 'docs/options.md'

type Options = Readonly<Record<string, unknown>>

interface Entry {
  /** Whose options they are: the heading of the table. */
  readonly heading: string
  /** A heading whose options the entry takes too. */
  readonly more?: string
  readonly build: (options: Options) => unknown
  /** Without these it cannot be built. */
  readonly required: Options
  /** Options that are refused without another one, unless the entry takes them with those of all. */
  readonly companions?: Readonly<Record<string, Options>>
  /** What the options become. Most defaults show there. */
  readonly settings?: (options: Options) => unknown
}

const store = memoryStore()
const handler = async (): Promise<string> => 'done'
const valkeyClient: ValkeyClient = { getBuffer: async () => null, set: handler, del: handler }
const common = { store, operation: 'payments' }
const http = { ...common, tenant: 'single-tenant' }
const sender = { tenant: 'single-tenant', provider: stripe, secrets: ['whsec_test_secret'] }

/** A stream with none but the options of all streams. */
const STREAM: Stream<string, string, never> = {
  rules: STREAM_RULES,
  idOf: String,
  groupOf: String,
  chainsOf: () => undefined,
  readingOf: () => ({ read: String, keyOf: String, payloadOf: () => [] }),
}
const streamSettings = (options: Options) => readStreamSettings('test', options as never, STREAM)

const ENTRIES: readonly Entry[] = [
  {
    heading: 'All entries',
    build: (options) => {
      checkOptions('test', options, COMMON_RULES)
      readSettings('test', options as never)
    },
    required: common,
    settings: (options) => readSettings('test', options as never),
  },
  {
    heading: 'once',
    more: 'All entries',
    build: (options) => once(options as never),
    required: common,
    settings: ({ inProgress }) => waitOf(inProgress as WaitChoice),
  },
  {
    heading: 'HTTP',
    more: 'All entries',
    build: (options) => idempotent(handler, options as never),
    required: http,
    settings: (options) => withoutGiven(readHttpSettings('test', options as never)),
  },
  {
    heading: 'Middleware only',
    more: 'HTTP',
    build: (options) => idempotency(options as never),
    required: http,
  },
  {
    heading: 'SQS',
    more: 'All entries',
    build: (options) => sqsHandler(handler, options as never),
    required: { ...http, key: 'messageId' },
    settings: (options) => readSqsSettings('test', options as never),
  },
  {
    heading: 'Streams',
    more: 'All entries',
    build: streamSettings,
    required: http,
    companions: { sqs: { deadLetter: { queueUrl: 'https://sqs.eu-west-1.amazonaws.com/111122223333/dead' } } },
    settings: streamSettings,
  },
  ...Object.entries({ kinesisHandler, dynamoDbStreamHandler, kafkaHandler }).map(([heading, build]) => ({
    heading,
    more: 'Streams',
    build: (options: Options) => build(handler, options as never),
    required: http,
  })),
  {
    heading: 'webhook',
    more: 'All entries',
    build: (options) => webhook(handler, options as never),
    required: { ...common, ...sender },
    settings: (options) => {
      const { http, admission, duplicateInProgress } = readWebhookSettings('test', options as never)
      return { ...(withoutGiven(http) as object), ...admission, duplicateInProgress }
    },
  },
  {
    heading: 'webhookToQueue',
    build: (options) => webhookToQueue(options as never),
    required: { ...sender, queueUrl: 'https://sqs.eu-west-1.amazonaws.com/111122223333/events.fifo' },
  },
  {
    heading: 'dynamoDbStore',
    build: (options) => dynamoDbStore(options as never),
    required: { tableName: 'idempotency' },
    settings: (options) => dynamoDbStore(options as never).skew,
  },
  {
    heading: 'leanDynamoDbStore',
    build: (options) => leanDynamoDbStore(options as never),
    required: { tableName: 'idempotency', region: 'eu-west-1' },
    settings: (options) => leanDynamoDbStore(options as never).skew,
  },
  {
    heading: 'tableKeys',
    build: (options) => tableKeys(options as never),
    required: {},
    settings: (options) => tableKeys(options as never).moreBytes,
  },
  { heading: 's3Answers', build: (options) => s3Answers(options as never), required: { bucketName: 'answers' } },
  { heading: 'cached', build: (options) => cached(store, options as never), required: {} },
  {
    heading: 'valkey',
    build: (options) => valkey(valkeyClient, options as never),
    required: { sign: 'unsigned', prefix: 'p:' },
    settings: (options) => readValkeySettings(options as never),
  },
  {
    heading: 'memoryStore',
    build: (options) => memoryStore(options as never),
    required: {},
    settings: (options) => memoryStore(options as never).skew,
  },
  {
    heading: 'idempotentFetch',
    build: (options) => idempotentFetch(options),
    required: {},
    settings: (options) => readFetchSettings(options),
  },
]

/** Options that are refused without another one. */
const COMPANIONS: Readonly<Record<string, Options>> = {
  'SQS sqs': { visibility: 'move' },
  rerunWithinSeconds: { retentionSeconds: 31_536_000 },
}

const nameOf = (row: DocRow): string => /^`(\w+)`$/.exec(row.option ?? '')?.[1] ?? ''

const rowsOf = ({ heading, more }: Entry): readonly DocRow[] => [
  ...rowsUnder(PAGE, heading, 'option'),
  ...(more === undefined ? [] : rowsOf(ENTRIES.find((entry) => entry.heading === more) as Entry)),
]

/** Each row of each table, with the entry that it is about. */
const ROWS = ENTRIES.flatMap((entry) =>
  rowsUnder(PAGE, entry.heading, 'option').map((row) => ({ entry, row, of: entry.heading, option: nameOf(row) })),
)

const rowOf = (of: string, option: string): DocRow => {
  const found = ROWS.find((row) => row.of === of && row.option === option)
  if (found === undefined) throw new Error(`${PAGE} has no row ${option} under ${of}`)
  return found.row
}

/** The message of the refusal, or nothing if the options are accepted. */
const refusal = (build: () => unknown): string | undefined => {
  try {
    build()
    return undefined
  } catch (error) {
    if (error instanceof OptionError || error instanceof UsageError) return error.message
    throw error
  }
}

const number = (text: string): number => Number(text.replaceAll(',', ''))

/** The values in a cell, written as code: texts, lists, objects. */
const valuesIn = (cell: string): readonly unknown[] =>
  [...cell.matchAll(/`((?:'|\[|\{)[^`]*)`/g)]
    .map(([, code = '']) => code)
    .filter((code) => !/\d to \d/.test(code))
    .map((code) => new Function(`return (${code})`)())

interface Probes {
  readonly taken: readonly unknown[]
  readonly refused: readonly unknown[]
}

const NUMBERS = /^([\d,]+) to ([\d,]+) \w+s$/
const LENGTHS = /^([\d,]+) to ([\d,]+) characters of/
const LENGTH_OF_ARN = /ARN of at most ([\d,]+) characters/
const MEMBER = /`\{ (\w+): ([\d,]+) to ([\d,]+) \}`/

const around = (least: number, most: number): Probes => ({
  taken: [least, most],
  refused: [least - 1, most + 1, least + 0.5, String(least)],
})

const mapped = ({ taken, refused }: Probes, of: (value: never) => unknown): Probes => ({
  taken: taken.map((value) => of(value as never)),
  refused: refused.map((value) => of(value as never)),
})

const ofLength = (prefix: string, least: number, most: number): Probes =>
  mapped({ taken: [least, most], refused: [least - 1, most + 1] }, (length: number) =>
    prefix.padEnd(length, 'a').slice(0, length),
  )

/** A value for each word that a cell may use. */
const WORDS: readonly (readonly [RegExp, unknown])[] = [
  [/\ba function\b/, () => undefined],
  [/\ba store\b/, store],
  [/\ba provider\b/, stripe],
  [/^202 or 409$/, 202],
  [/`allowOrigins\(/, allowOrigins({ origins: ['https://shop.example'] })],
  [/`valkey\(/, valkey(valkeyClient, { sign: 'unsigned', prefix: 'p:' })],
  [/`tableKeys\(/, tableKeys({ prefix: 'IDEM#' })],
  [/^1 to [\d,]+ characters of any kind/, 'A'],
  [/`powertoolsTable\(/, powertoolsTable({ tableName: 'powertools', keyOf: () => 'old' })],
  [/`Runtime`/, systemRuntime],
  [/`ClientRuntime`/, clientRuntime],
  [/`true` or `false`/, true],
  [/`DynamoDBClient`/, { send: handler }],
  [/`S3Client`/, { send: handler }],
  [/`ItemClient`/, { putItem: handler, updateItem: handler, getItem: handler }],
  [/`SQSClient`/, { send: handler }],
  [/Standard Schema/, z.object({})],
]

/** The column "allowed" as values: those it permits, and those next to them that it does not. */
const probesOf = (cell: string): Probes => {
  const bounds = ([, least, most]: readonly (string | undefined)[]): [number, number] => [
    number(least ?? ''),
    number(most ?? ''),
  ]
  const [numbers, lengths, arn, member] = [NUMBERS, LENGTHS, LENGTH_OF_ARN, MEMBER].map((pattern) => pattern.exec(cell))
  const values = valuesIn(cell)
  const isChoice = values.length > 0 && !cell.includes('such as')
  const all: readonly Probes[] = [
    { taken: values, refused: isChoice ? ['no such choice', []] : [] },
    { taken: WORDS.filter(([words]) => words.test(cell)).map(([, value]) => value), refused: [] },
    ...(numbers ? [around(...bounds(numbers))] : []),
    ...(lengths ? [ofLength('', ...bounds(lengths))] : []),
    ...(arn ? [ofLength('arn:', 'arn:a'.length, number(arn[1] ?? ''))] : []),
    ...(member ? [mapped(around(...bounds(member.slice(1))), (value) => ({ [member[1] as string]: value }))] : []),
  ]
  return {
    taken: all.flatMap(({ taken }) => taken),
    refused: [...all.flatMap(({ refused }) => refused), Number.NaN, null],
  }
}

test.each(ENTRIES)('$heading: each option of the code has a row, and each row is an option of the code', (entry) => {
  const message = refusal(() => entry.build({ noSuchOption: 1 })) ?? ''
  const known = /the options are (.*)$/.exec(message)?.[1]?.split(', ') ?? []
  expect(rowsOf(entry).map(nameOf).sort()).toEqual([...known].sort())
})

test.each(ROWS)(
  '$of: the code takes for $option what its row allows, and nothing next to it',
  ({ entry, row, option }) => {
    const companions = entry.companions?.[option] ?? {
      ...COMPANIONS[option],
      ...COMPANIONS[`${entry.heading} ${option}`],
    }
    const withValue = (value: unknown) => () => entry.build({ ...entry.required, ...companions, [option]: value })
    const { taken, refused } = probesOf(row.allowed ?? '')
    expect(taken.length).toBeGreaterThan(0)
    for (const value of taken) expect([value, refusal(withValue(value))]).toEqual([value, undefined])
    for (const value of refused)
      expect([value, refusal(withValue(value))]).toEqual([value, expect.stringContaining(`"${option}" is `)])
  },
)

test.each<[string, (options: Options) => Promise<unknown>]>([
  ['operationKey', (options) => operationKey(async () => null, ['checkout'], options)],
  ['deriveKey', (options) => deriveKey(['refund'], options)],
])('%s: each option of the code has a row, and each row is an option of the code', async (heading, call) => {
  const message = await call({ noSuchOption: 1 }).then(String, String)
  const known = /the options are (.*)$/.exec(message)?.[1]?.split(', ')
  expect(rowsUnder(PAGE, heading, 'option').map(nameOf)).toEqual(known)
})

/** Rows of options that are a choice between words, with the choices as the code names them when it refuses. */
const CHOICES = ROWS.flatMap((row) => {
  const { build, required } = row.entry
  const message = refusal(() => build({ ...required, [row.option]: 'no such choice' })) ?? ''
  const [, choices] = /must be one of (.*)$/.exec(message) ?? []
  return choices === undefined ? [] : [{ ...row, choices: choices.replaceAll('"', "'") }]
})

test.each(CHOICES)('$of: the choices of $option are all in its row', ({ row, choices }) => {
  expect(
    valuesIn(row.allowed ?? '')
      .map((choice) => `'${choice}'`)
      .join(', '),
  ).toBe(choices)
})

/** Settings to compare. Each build makes new functions, so they are compared by their text. */
const plain = (value: unknown): unknown => {
  if (typeof value === 'function') return value.toString()
  if (value instanceof Set) return [...value]
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member)]))
}

/** Whether `cached(store)` remembers the outcome that was settled first, after others of these sizes. */
const remembersFirst = async (sizes: readonly number[]): Promise<boolean> => {
  const { store: below, calls } = counting(memoryStore())
  const remembering = cached(below)
  const claims = sizes.map(() => aClaim())
  for (const [at, claim] of claims.entries()) {
    await remembering.claim(claim, unhurried)
    await remembering.settle(claim, completed(Buffer.alloc(sizes[at] ?? 0)), unhurried)
  }
  calls.length = 0
  const { recordKey, fingerprint } = claims[0] as Claim
  await remembering.peek(recordKey, unhurried, fingerprint)
  return calls.length === 0
}

const RECORD_BYTES = 500

/** How Middy's hooks end a claim with so much time left. */
const statusCloseToEnd = async (remaining: number): Promise<string | undefined> => {
  const runtime = fakeRuntime({ deadlines: 'never' })
  const hook = idempotency({ ...http, store: memoryStore({ now: runtime.now }), runtime } as never)
  const chain = chainOf(middy, [hook], async () => ({ statusCode: 201, body: '' }))
  return answered(await chain(payment('order-1'), contextWith(remaining))).headers['idempotency-status']
}

const withEnvironment = <T>(environment: NodeJS.ProcessEnv, run: () => T): T => {
  const { env } = process
  process.env = environment
  try {
    return run()
  } finally {
    process.env = env
  }
}

/** How late Middy's timer may fire, as docs/http.md says. */
const TIMER_SLACK = 20

/** With how many seconds left a message does not start any more. */
const lastStart = (began: number): number => {
  const { margin } = readSqsSettings('test', { ...http, key: 'messageId' } as never)
  let left = began
  const { hasTime } = createDeadlineOf('test', margin, fakeRuntime())({ getRemainingTimeInMillis: () => left })
  while (hasTime()) left -= 100
  return left / 1_000
}

/** The layer reads `wait`, which is made of it. */
const withoutGiven = (settings: object): unknown => {
  const { inProgress: _, ...read } = settings as Options
  return read
}

/** Defaults that are not in the settings. Each is found by what the entry does. */
const SHOWN_BY_USE: Readonly<Record<string, (cell: string) => unknown>> = {
  timeoutEarlyInMillis: async (cell) => {
    expect(await statusCloseToEnd(number(cell) + TIMER_SLACK)).toBe('unstored')
    expect(await statusCloseToEnd(number(cell) + TIMER_SLACK + 1)).toBe('created')
  },
  replayHeaders: (cell) => {
    expect(valuesIn(cell)).toEqual([{ deny: [] }])
    const kept = (replayHeaders: unknown) =>
      ['set-cookie', 'date', 'etag', 'x-cost'].map(readHttpSettings('test', { ...http, replayHeaders } as never).filter)
    expect(kept({ deny: [] })).toEqual(kept(undefined))
    expect(kept({ allow: ['x-cost'] })).not.toEqual(kept(undefined))
  },
  visibility: (cell) => {
    const client = { ...http, key: 'messageId', sqs: { send: handler } }
    const withVisibility = (visibility: unknown) =>
      refusal(() => sqsHandler(handler, { ...client, visibility } as never))
    expect(withVisibility(valuesIn(cell)[0])).toBe(withVisibility(undefined))
    expect(withVisibility('move')).toBeUndefined()
  },
  marginSeconds: (cell) => {
    const [, least, most] = /^a third .*, at least ([\d.]+) and at most ([\d.]+)$/.exec(cell) ?? []
    expect([900, 9_000, 100_000].map((began) => lastStart(began))).toEqual([Number(least), 3, Number(most)])
  },
  region: (cell) => {
    const names = [...cell.matchAll(/`(AWS_\w+)`/g)].map(([, name = '']) => name)
    const { AWS_REGION, AWS_DEFAULT_REGION, ...others } = process.env
    const refusedWith = (more: NodeJS.ProcessEnv) =>
      withEnvironment({ ...others, ...more }, () => refusal(() => leanDynamoDbStore({ tableName: 'idempotency' })))
    expect(refusedWith({})).toContain('"region" is missing')
    expect(names.map((name) => refusedWith({ [name]: 'eu-west-1' }))).toEqual([undefined, undefined])
  },
  maxBytes: async (cell) => {
    const bytes = number(/^[\d,]+/.exec(cell)?.[0] ?? '')
    expect(await remembersFirst([bytes - RECORD_BYTES])).toBe(true)
    expect(await remembersFirst([bytes - RECORD_BYTES + 1])).toBe(false)
  },
  toleranceSeconds: (cell) => {
    const toleranceOf = (toleranceSeconds?: number) =>
      readWebhookSettings('test', { ...common, ...sender, toleranceSeconds } as never).admission.tolerance
    expect(toleranceOf()).toBe(number(cell) * 1_000)
    expect(toleranceOf(60)).toBe(60_000)
  },
  maxEntries: async (cell) => {
    expect(await remembersFirst(Array(number(cell)).fill(2))).toBe(true)
    expect(await remembersFirst(Array(number(cell) + 1).fill(2))).toBe(false)
  },
}

/** The default as a value that can be given; nothing if the cell describes it in words. */
const givenBy = (cell: string): { readonly value: unknown } | undefined => {
  const [digits] = /^[\d,]+/.exec(cell) ?? []
  if (digits !== undefined) return { value: number(digits) }
  if (cell === '`storeSuccess`') return { value: storeSuccess }
  const values = valuesIn(cell)
  return values.length === 1 ? { value: values[0] } : undefined
}

test.each(ROWS)('$of: the default of $option is the one in its row', async ({ entry, row, option }) => {
  const { build, required, settings = () => undefined } = entry
  const { [option]: _, ...others } = required
  const { default: cell = '' } = row
  const shownByUse = SHOWN_BY_USE[option]
  const given = givenBy(cell)
  if (cell === 'required') {
    expect(refusal(() => build(others))).toContain(`"${option}" is missing`)
  } else if (shownByUse !== undefined) {
    await shownByUse(cell)
  } else if (given === undefined) {
    expect(refusal(() => build({ ...required, [option]: undefined }))).toBeUndefined()
  } else {
    const withValue = (value: unknown) => plain(settings({ ...required, [option]: value }))
    expect(withValue(given.value)).toEqual(withValue(undefined))
    expect(withValue(probesOf(row.allowed ?? '').taken.at(-1))).not.toEqual(withValue(undefined))
  }
})

test('Streams: their default of retentionSeconds is in the text above their table', () => {
  const page = readFileSync(join(ROOT, PAGE), 'utf8')
  const [, seconds = ''] = /## Streams\n.*?`retentionSeconds` is ([\d,]+)\./s.exec(page) ?? []
  expect(streamSettings(http).core.retention).toBe(number(seconds) * 1_000)
})

test('SQS: its own default of retentionSeconds is in the row too, and in the text above its table', () => {
  const [, seconds = ''] = /SQS ([\d,]+)/.exec(rowOf('All entries', 'retentionSeconds').default ?? '') ?? []
  const options = { ...http, key: 'messageId' }
  const { core } = readSqsSettings('test', options as never)
  expect(core.retention).toBe(number(seconds) * 1_000)
  expect(readFileSync(join(ROOT, PAGE), 'utf8')).toContain(`\`retentionSeconds\` is ${seconds} here`)
})

test('once: each member of its request has a row, and each row is one', () => {
  const source = readFileSync(join(ROOT, 'lib/core/once.ts'), 'utf8')
  const [, members = ''] = /interface OnceRequest \{(.*?)^\}/ms.exec(source) ?? []
  const names = [...members.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, name]) => name)
  expect(rowsUnder(PAGE, 'once', 'member').map(({ member }) => member)).toEqual(names.map((name) => `\`${name}\``))
})

test('cors: each of its members has a row in docs/http.md, and each row is one', () => {
  const message = refusal(() => allowOrigins({ origins: ['*'], noSuchMember: 1 } as never)) ?? ''
  const members = /the options are (.*)$/.exec(message)?.[1] ?? ''
  const rows = rowsUnder('docs/http.md', 'CORS', 'member').map(({ member }) => member)
  expect(rows).toEqual(members.split(', ').map((name) => `\`${name.replace('?', '')}\``))
})
