import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App } from 'aws-cdk-lib'

/** One output directory for a test file. CDK would leave a directory behind for each app. */
let directory: string

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'lambda-once-cdk-'))
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

/** Without bundling: the tests look at the template only. */
export const newApp = (context: Readonly<Record<string, unknown>> = {}): App =>
  new App({
    context: { 'aws:cdk:bundling-stacks': [], ...context },
    analyticsReporting: false,
    outdir: mkdtempSync(join(directory, 'out-')),
  })
