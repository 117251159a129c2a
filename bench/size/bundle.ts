import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** What a function has beside the layer, whatever it does for idempotency. */
const EXTERNAL: readonly string[] = ['@aws-sdk/*', '@smithy/*', '@middy/*', 'aws-cdk-lib', 'constructs']

export interface Bundle {
  readonly code: Uint8Array
  readonly minifiedBytes: number
  readonly gzipBytes: number
  /** Every file in it, from the root of the project. */
  readonly files: readonly string[]
  /** Every package that it leaves to its user. */
  readonly imports: readonly string[]
}

export interface BundleOptions {
  /** ES module source; `lib/…` is the project's own. */
  readonly source: string
  /** Default: external, as for sizes. */
  readonly sdk?: 'external' | 'included'
  /** Default `esm`. */
  readonly format?: 'esm' | 'cjs'
}

/** Bundled and minified as a deployment does it. */
export const bundle = async ({ source, sdk = 'external', format = 'esm' }: BundleOptions): Promise<Bundle> => {
  const { outputFiles, metafile } = await build({
    stdin: { contents: source, resolveDir: ROOT, loader: 'ts' },
    absWorkingDir: ROOT,
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format,
    platform: 'node',
    target: 'node20',
    mainFields: ['module', 'main'],
    logLevel: 'error',
    external: sdk === 'external' ? [...EXTERNAL] : [],
  })
  const code = outputFiles[0]?.contents ?? new Uint8Array()
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports.map(({ path }) => path))
  return {
    code,
    minifiedBytes: code.length,
    gzipBytes: gzipSync(code, { level: 9 }).length,
    files: Object.values(metafile.outputs).flatMap(({ inputs }) => Object.keys(inputs)),
    imports: [...new Set(imports)].filter((path) => !path.startsWith('node:')),
  }
}
