import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** Packages that a function contains anyway, besides the layer. */
const EXTERNAL: readonly string[] = ['@aws-sdk/*', '@smithy/*', '@middy/*', 'aws-cdk-lib', 'constructs']

export interface Bundle {
  readonly code: Uint8Array
  readonly minifiedBytes: number
  readonly gzipBytes: number
  /** Every file in the bundle, relative to the root of the project. */
  readonly files: readonly string[]
  /** Every package that the bundle imports. */
  readonly imports: readonly string[]
}

export interface BundleOptions {
  /** ES module source. Paths such as `./lib/…` are relative to the root of the project. */
  readonly source: string
  /** @default 'external' */
  readonly sdk?: 'external' | 'included'
  /** @default 'esm' */
  readonly format?: 'esm' | 'cjs'
}

/** Bundles and minifies as for a deployment. */
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
