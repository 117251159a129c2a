// The layers: one line a folder, what it may import besides itself. An import that no line allows fails the lint, and so
// does a file that no line names. CONTRIBUTING.md shows the map; `npm run check:lint` runs this with dependency-cruiser.

/** Sets of folders that several lines name. */
const BASE = 'lib/core/(time|errors|option-rules|unawaited|runtime)[.]ts'
const RECORD = `(${BASE}|lib/core/(identity|outcome|record)/)`
const SETTINGS = `(${RECORD}|lib/core/(events|settings)[.]ts)`
const OPTIONS = 'lib/core/options[.]ts'
const ENTRY = `(${SETTINGS}|lib/core/lifecycle/|${OPTIONS})`
const packages = (...names) => `(node_modules/)?(${names.join('|')})(/|$)`

const SDK = packages('@aws-sdk', '@smithy')
const CDK = packages('aws-cdk-lib', 'constructs')
const PUBLIC_NAME = packages('lambda-once')
const ANY_PACKAGE = '(node_modules/|@?[a-z])'

/** Folder or files, then what they may import besides themselves and Node's own modules. */
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
  ['lib/http/', [ENTRY]],
  ['lib/sqs/', [ENTRY, packages('@aws-sdk/client-sqs')]],
  ['lib/sources/', [BASE]],
  ['lib/metrics/', [SETTINGS]],
  ['lib/memory/', [RECORD]],
  ['lib/cached/', [SETTINGS, OPTIONS, packages('lru-cache')]],
  ['lib/dynamodb/[^/]+[.]ts', [RECORD, 'lib/dynamodb/sdk/', SDK]],
  ['lib/dynamodb/sdk/', [RECORD, 'lib/dynamodb/[^/]+[.]ts', SDK]],
  // Of the SDK the lean store takes types only; `npm run size` fails where its code gets in.
  ['lib/dynamodb/lean/', [RECORD, 'lib/dynamodb/[^/]+[.]ts', SDK]],
  ['lib/testing/', [SETTINGS, OPTIONS]],
  ['lib/cdk/', ['lib/dynamodb/item[.]ts', CDK]],
  ['functions/', [PUBLIC_NAME, packages('@aws-sdk', '@middy', 'aws-lambda', '@types/aws-lambda')]],
  ['bin/example/', [PUBLIC_NAME, CDK]],
  ['bin/[^/]+[.]ts', ['bin/example/', 'local/', CDK, packages('cdk-nag')]],
  ['build/', []],
  ['local/', ['lib/', ANY_PACKAGE]],
  ['proof/', ['lib/', 'local/', 'test/support/', ANY_PACKAGE]],
  ['bench/', ['lib/', 'local/', 'test/support/', ANY_PACKAGE]],
  ['test/', ['lib/', 'local/', 'proof/', 'bench/', 'bin/', 'functions/', 'jest[.]config[.]js', ANY_PACKAGE]],
]

const anyOf = (paths) => `^(${paths.join('|')})`
const LISTED = anyOf(LAYERS.map(([from]) => from))

module.exports = {
  allowedSeverity: 'error',
  allowed: [
    ...LAYERS.map(([from, to]) => ({ from: { path: anyOf([from]) }, to: { path: anyOf([from, ...to]) } })),
    { from: { path: LISTED }, to: { dependencyTypes: ['core'] } },
    // What a package imports is its own matter.
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
  ],
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true, // types too: a layer that knows a type from above knows too much
    doNotFollow: { path: 'node_modules' },
    // Each is a project of a user's, of which the check copies the files together.
    exclude: { path: '^(dist|cdk[.]out|test/package/projects)/' },
  },
}
