import { fileURLToPath } from 'node:url'

export interface Source {
  readonly entry: string
  readonly projectRoot: string
  readonly depsLockFilePath: string
}

const fileOf = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))

/** The paths that `NodejsFunction` needs to bundle a function of the example. */
export const sourceOf = (name: string): Source => ({
  entry: fileOf(`functions/${name}.ts`),
  projectRoot: fileOf('.'),
  depsLockFilePath: fileOf('package-lock.json'),
})
