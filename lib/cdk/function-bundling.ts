import { type BundlingOptions, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs'
import { defined } from './defined.ts'

/** CommonJS dependencies inside an ES module call `require`, which an ES module does not have. */
const REQUIRE =
  "import { createRequire as lambdaRequire } from 'node:module'; const require = lambdaRequire(import.meta.url);"

/**
 * One small ES module: minified, for a faster start, and with a source map, so that a stack trace is of use. The SDK is
 * in it: the version that was tested, and a faster start than with the one that the runtime brings.
 */
export const FUNCTION_BUNDLING: BundlingOptions = {
  format: OutputFormat.ESM,
  minify: true,
  sourceMap: true,
  bundleAwsSDK: true,
  mainFields: ['module', 'main'],
  banner: REQUIRE,
}

/** What is given goes before; a CommonJS module has a `require`, and cannot begin with an `import`. */
export const bundlingWith = (given: BundlingOptions = {}): BundlingOptions => {
  const merged = { ...FUNCTION_BUNDLING, ...defined(given) }
  if (merged.format === OutputFormat.ESM || given.banner !== undefined) return merged
  const { banner: _, ...rest } = merged
  return rest
}
