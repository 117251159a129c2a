// The layers: each line names a folder and what it may import besides itself. The lint fails for an import that no line
// allows, and for a file that no line names. CONTRIBUTING.md shows the map. `npm run check:lint` runs
// dependency-cruiser.

/** Groups that several lines use. */
const LIMITS = 'lib/core/limits[.]ts'
const BASE = 'lib/core/(time|limits|errors|option-rules|unawaited|runtime)[.]ts'
const RECORD = `(${BASE}|lib/core/(identity|outcome|record)/)`
const SETTINGS = `(${RECORD}|lib/core/(events|settings)[.]ts)`
const OPTIONS = 'lib/core/options[.]ts'
const ENTRY = `(${SETTINGS}|lib/core/lifecycle/|${OPTIONS})`
const packages = (...names) => `(node_modules/)?(${names.join('|')})(/|$)`

const SDK = packages('@aws-sdk', '@smithy')
const CDK = packages('aws-cdk-lib', 'constructs')
const PUBLIC_NAME = packages('lambda-once')
const ANY_PACKAGE = '(node_modules/|@?[a-z])'

/** Folder or files, then what they may import besides themselves and Node's built-in modules. */
const LAYERS = [
  [BASE, []],
  ['lib/core/identity/', [BASE]],
  ['lib/core/outcome/', [BASE]],
  ['lib/core/record/', [BASE, 'lib/core/(identity|outcome)/']],
  ['lib/core/(events|settings)[.]ts', [RECORD]],
  ['lib/core/lifecycle/', [SETTINGS]],
  [OPTIONS, [SETTINGS, 'lib/core/lifecycle/']],
  ['lib/core/once[.]ts', [ENTRY]],
  ['lib/index[.]ts', ['lib/core/']],
  ['lib/client/', ['lib/core/(time|errors)[.]ts']],
  ['lib/http/', [ENTRY]],
  ['lib/frameworks/', [ENTRY, 'lib/http/']],
  // Types only: Hono itself calls the middleware.
  ['lib/hono/', [ENTRY, 'lib/http/', 'lib/frameworks/', packages('hono')]],
  ['lib/express/', [ENTRY, 'lib/http/', 'lib/frameworks/']],
  ['lib/batch/', [ENTRY, packages('@aws-sdk/client-sqs')]],
  ['lib/sqs/', [ENTRY, 'lib/batch/', packages('@aws-sdk/client-sqs')]],
  ['lib/webhooks/', [ENTRY, 'lib/http/', 'lib/batch/', 'lib/sqs/']],
  ['lib/effects/', [ENTRY, 'lib/dynamodb/effects/']],
  [
    'lib/write/',
    [ENTRY, 'lib/core/once[.]ts', 'lib/http/', 'lib/batch/', 'lib/sqs/', 'lib/effects/', 'lib/dynamodb/effects/'],
  ],
  ['lib/downstream/', [BASE]],
  ['lib/sources/', [BASE]],
  ['lib/streams/', [ENTRY, 'lib/batch/', 'lib/sources/']],
  ['lib/metrics/', [SETTINGS]],
  ['lib/memory/', [RECORD]],
  ['lib/s3/', [SETTINGS, OPTIONS, packages('@aws-sdk/client-s3')]],
  ['lib/cached/', [SETTINGS, OPTIONS, packages('lru-cache')]],
  ['lib/valkey/', [RECORD, 'lib/cached/second-level[.]ts']],
  ['lib/dynamodb/[^/]+[.]ts', [RECORD, 'lib/dynamodb/sdk/', SDK]],
  // No other file of lib/dynamodb may import these: a bundle without effects does not contain them.
  ['lib/dynamodb/effects/', [RECORD, 'lib/dynamodb/[^/]+[.]ts', SDK]],
  ['lib/dynamodb/sdk/', [RECORD, 'lib/dynamodb/[^/]+[.]ts', SDK]],
  ['lib/dynamodb/keys/', [RECORD, 'lib/dynamodb/[^/]+[.]ts', SDK]],
  // The lean store imports only types from the SDK. `npm run size` fails if its bundle contains code of the SDK.
  ['lib/dynamodb/lean/', [RECORD, 'lib/dynamodb/[^/]+[.]ts', SDK]],
  ['lib/operator/', [SETTINGS, 'lib/dynamodb/[^/]+[.]ts', SDK]],
  ['lib/migrate/', [SETTINGS, 'lib/core/lifecycle/', 'lib/dynamodb/[^/]+[.]ts', 'lib/dynamodb/sdk/', SDK]],
  ['lib/testing/', [SETTINGS, OPTIONS, 'lib/dynamodb/effects/']],
  // The command line. No other folder imports these two packages: they are loaded by the bin only.
  [
    'lib/cli/',
    [
      ENTRY,
      'lib/http/',
      'lib/batch/',
      'lib/sqs/',
      'lib/effects/',
      'lib/memory/',
      'lib/testing/',
      'lib/s3/pointer[.]ts',
      'lib/migrate/',
      'lib/dynamodb/(item|faults)[.]ts',
      'lib/operator/',
      'lib/dynamodb/keys/',
      SDK,
      packages('commander', 'picocolors'),
    ],
  ],
  ['lib/cdk/', [LIMITS, 'lib/dynamodb/item[.]ts', 'lib/dynamodb/keys/', 'lib/operator/table-settings[.]ts', CDK]],
  ['functions/', [PUBLIC_NAME, packages('@aws-sdk', '@middy', 'aws-lambda', '@types/aws-lambda')]],
  ['examples/', [PUBLIC_NAME, 'node_modules/', packages('hono', '@modelcontextprotocol')]],
  ['bin/example/', [PUBLIC_NAME, CDK]],
  ['bin/[^/]+[.]ts', ['bin/example/', 'local/', CDK, packages('cdk-nag')]],
  ['build/', []],
  ['local/', ['lib/', ANY_PACKAGE]],
  ['proof/', ['lib/', 'local/', 'test/support/', ANY_PACKAGE]],
  ['bench/', ['lib/', 'local/', 'test/support/', ANY_PACKAGE]],
  [
    'test/',
    ['lib/', 'local/', 'proof/', 'bench/', 'bin/', 'functions/', 'examples/', 'jest[.]config[.]js', ANY_PACKAGE],
  ],
]

const anyOf = (paths) => `^(${paths.join('|')})`
const LISTED = anyOf(LAYERS.map(([from]) => from))

module.exports = {
  allowedSeverity: 'error',
  allowed: [
    ...LAYERS.map(([from, to]) => ({ from: { path: anyOf([from]) }, to: { path: anyOf([from, ...to]) } })),
    { from: { path: LISTED }, to: { dependencyTypes: ['core'] } },
    // Packages may import anything.
    { from: { path: '^node_modules/' }, to: {} },
  ],
  forbidden: [
    {
      name: 'unlisted-file',
      comment: 'This file is in no layer: add its folder to layers.config.cjs.',
      severity: 'error',
      from: { orphan: true, pathNot: [LISTED] },
      to: {},
    },
    {
      name: 'client-without-node',
      comment: 'Browsers, Deno and Bun load lib/client too: use what they all have.',
      severity: 'error',
      from: { path: '^lib/client/' },
      to: { dependencyTypes: ['core'] },
    },
  ],
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true, // also check type imports: a layer must not depend on types of a higher layer
    doNotFollow: { path: 'node_modules' },
    // test/package/projects holds fragments of users' projects, which the package check assembles.
    exclude: { path: '^(dist|cdk[.]out|test/package/projects)/' },
  },
}
