import { type BundlingOptions, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs'

/** An ES module has no `require`, but the CommonJS dependencies in the bundle call it. */
const REQUIRE =
  "import { createRequire as lambdaRequire } from 'node:module'; const require = lambdaRequire(import.meta.url);"

/**
 * The bundling that `IdempotentFunction` uses by default: one minified ES module with a source map. It includes the AWS
 * SDK: you deploy the version that you tested, and the function starts faster than with the SDK of the runtime.
 *
 * ```ts
 * new NodejsFunction(stack, 'List', { entry: 'functions/list.ts', bundling: FUNCTION_BUNDLING })
 * ```
 */
export const FUNCTION_BUNDLING: BundlingOptions = {
  format: OutputFormat.ESM,
  minify: true,
  sourceMap: true,
  bundleAwsSDK: true,
  mainFields: ['module', 'main'],
  banner: REQUIRE,
}

/**
 * Given options win. The default banner is left out of a CommonJS module, which has `require` and allows no `import`.
 */
export const bundlingWith = (given: BundlingOptions = {}): BundlingOptions => {
  const merged = { ...FUNCTION_BUNDLING, ...defined(given) }
  if (merged.format === OutputFormat.ESM || given.banner !== undefined) return merged
  const { banner: _, ...rest } = merged
  return rest
}

/** Drops the members that are `undefined`: CDK treats such a prop as not given. */
export const defined = <T extends object>(props: T): T =>
  Object.fromEntries(Object.entries(props).filter(([, value]) => value !== undefined)) as T
