import { equal } from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type BuildOptions, build } from 'esbuild'
import type { Check } from './check.ts'
import type { Workplace } from './install.ts'
import { invoke } from './invoke.ts'

/** Settings with which users bundle a function with esbuild. */
interface Bundling {
  readonly name: string
  /** A file of the fixture folder `functions`. */
  readonly handler: 'sdk' | 'lean'
  readonly format: 'esm' | 'cjs'
  readonly options?: BuildOptions
}

const SDK_OUTSIDE: BuildOptions = { external: ['@aws-sdk/*'] }

const BANNER = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)"

const BUNDLINGS: readonly Bundling[] = [
  { name: 'CommonJS, SDK inside', handler: 'sdk', format: 'cjs' },
  { name: 'CommonJS, SDK outside', handler: 'sdk', format: 'cjs', options: SDK_OUTSIDE },
  { name: 'ESM, SDK outside', handler: 'sdk', format: 'esm', options: SDK_OUTSIDE },
  { name: 'ESM, SDK inside by mainFields', handler: 'sdk', format: 'esm', options: { mainFields: ['module', 'main'] } },
  { name: 'ESM, SDK inside by banner', handler: 'sdk', format: 'esm', options: { banner: { js: BANNER } } },
  { name: 'CommonJS, lean', handler: 'lean', format: 'cjs' },
  { name: 'ESM, lean', handler: 'lean', format: 'esm' },
]

/** With each setting, the bundled function loads and reaches DynamoDB. */
export const bundleChecks = (workplace: Workplace, dynamoDb: string): readonly Check[] =>
  BUNDLINGS.map(({ name, handler, format, options = {} }, at) => ({
    name: `esbuild: ${name}`,
    run: async () => {
      const project = workplace.project(`bundle-${at}`, ['functions'], {})
      const bundle = join(project, `bundle.${format === 'esm' ? 'mjs' : 'cjs'}`)
      await build({
        ...options,
        entryPoints: [join(project, `${handler}.ts`)],
        outfile: bundle,
        bundle: true,
        platform: 'node',
        target: 'node20',
        format,
        logLevel: 'silent', // a failure throws an error with the same text
      })
      equal(
        await invoke(bundle, { times: 1, env: { ...ENVIRONMENT, AWS_ENDPOINT_URL: dynamoDb } }),
        '201 created 1999\n',
      )
    },
  }))

/** The environment that Lambda sets. */
const ENVIRONMENT = { AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' }

/** Accepts every write, as DynamoDB does if the condition holds. This shows that a bundle gets this far. */
export const acceptingDynamoDb = async (): Promise<{ readonly url: string; close(): void }> => {
  const server = createServer((request, response) => {
    request
      .resume()
      .on('end', () => response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' }).end('{}'))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() }
}
