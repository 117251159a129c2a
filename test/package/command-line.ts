import { match, rejects } from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Check } from './check.ts'
import { manifest, ROOT } from './install.ts'

const run = promisify(execFile)

/**
 * The command line in an empty folder: the packed package, installed without a network, with its own dependencies and
 * without any peer. So `--help` and `demo` load no AWS SDK.
 */
export const commandLineCheck = (): Check => ({
  name: 'npx lambda-once in an empty folder',
  run: async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lambda-once-empty-'))
    const npx = (...argv: readonly string[]) => run('npx', ['--no-install', 'lambda-once', ...argv], { cwd: folder })
    try {
      for (const packed of [
        ROOT,
        ...Object.keys(manifest.dependencies).map((name) => join(ROOT, 'node_modules', name)),
      ])
        execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder, packed], {
          cwd: folder,
        })
      const tarballs = readdirSync(folder).map((file) => `./${file}`)
      execFileSync('npm', ['install', '--offline', '--no-audit', '--no-fund', '--silent', ...tarballs], { cwd: folder })
      match((await npx('--help')).stdout, /Usage: lambda-once/)
      match((await npx('--version')).stdout, new RegExp(`^${manifest.version}`))
      match((await npx('demo')).stdout, /20 parallel clicks +1 +20 +1/)
      await rejects(npx('inspect', '--table', 'records', '--record', 'a#x'), {
        code: 2,
        stderr: /this command needs the package @aws-sdk\/client-dynamodb: npm install @aws-sdk\/client-dynamodb/,
      })
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
})
