import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/**
 * The built package as a project of a user's has it, one that emits declarations of its own, as every part of a monorepo
 * does: whatever type the compiler has to write down there must have a name that the package gives out.
 */
const SOURCES: Readonly<Record<string, string>> = {
  'wrapper.ts': `
    import { dynamoDbStore } from 'lambda-once/dynamodb'
    import { idempotent } from 'lambda-once/http'
    export const store = dynamoDbStore({ tableName: 'table' })
    export const handler = idempotent(
      async (event: { requestContext: { accountId: string } }) => ({ statusCode: 201, body: event.requestContext.accountId }),
      { store, operation: 'payments', tenant: (event) => event.requestContext.accountId },
    )`,
  'middleware.ts': `
    import { cached } from 'lambda-once/cached'
    import { leanDynamoDbStore } from 'lambda-once/dynamodb/lean'
    import { idempotency } from 'lambda-once/http'
    export const store = cached(leanDynamoDbStore({ tableName: 'table' }))
    export const middleware = idempotency<object>({ store, operation: 'payments', tenant: 'single-tenant' })`,
  'worker.ts': `
    import { memoryStore } from 'lambda-once/memory'
    import { snsInSqs, sqsHandler } from 'lambda-once/sqs'
    export const store = memoryStore()
    export const parse = snsInSqs
    export const handler = sqsHandler(async () => {}, { store, operation: 'orders', tenant: 'single-tenant', key: 'messageId' })`,
  'once.ts': `
    import { once } from 'lambda-once'
    import { memoryStore } from 'lambda-once/memory'
    import { emfMetrics } from 'lambda-once/metrics'
    import { faultyStore, testRuntime } from 'lambda-once/testing'
    export const runtime = testRuntime()
    export const store = faultyStore(memoryStore())
    export const observe = emfMetrics()
    export const pay = once({ store, operation: 'payments', observe })
    export const paid = () => pay({ key: 'k', tenant: 't', payload: {} }, () => 1)`,
  'stack.ts': `
    import { App, Stack } from 'aws-cdk-lib'
    import { IdempotencyTable, IdempotentFunction } from 'lambda-once/cdk'
    const stack = new Stack(new App(), 'stack')
    export const table = new IdempotencyTable(stack, 'Table')
    export const worker = new IdempotentFunction(stack, 'Worker', { table, operation: 'orders', entry: 'worker.ts' })`,
}

const TSCONFIG = {
  compilerOptions: {
    target: 'es2022',
    module: 'nodenext',
    strict: true,
    exactOptionalPropertyTypes: true,
    verbatimModuleSyntax: true,
    declaration: true,
    outDir: 'out',
    types: ['node'],
    skipLibCheck: true, // the CDK's own declarations do not hold under exactOptionalPropertyTypes
  },
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const PROJECT = `${ROOT}node_modules/.cache/consumer/`
const INSTALLED = `${PROJECT}node_modules/lambda-once/`

rmSync(PROJECT, { recursive: true, force: true })
mkdirSync(INSTALLED, { recursive: true })
cpSync(`${ROOT}dist/lib`, `${INSTALLED}dist/lib`, { recursive: true })
cpSync(`${ROOT}package.json`, `${INSTALLED}package.json`)
writeFileSync(`${PROJECT}package.json`, JSON.stringify({ type: 'module' }))
writeFileSync(`${PROJECT}tsconfig.json`, JSON.stringify({ ...TSCONFIG, files: Object.keys(SOURCES) }))
for (const [name, source] of Object.entries(SOURCES)) writeFileSync(`${PROJECT}${name}`, source)

try {
  execFileSync(process.execPath, [`${ROOT}node_modules/typescript/bin/tsc`, '-p', PROJECT], { stdio: 'inherit' })
  console.log('a project that emits declarations compiles with the built package')
} catch {
  process.exitCode = 1 // tsc has said why
}
