import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const CRUISER = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs')

let copy: string

/** The linter's output for a copy of the core with these extra files. */
const lint = (planted: Readonly<Record<string, string>>): Promise<{ status: number; output: string }> => {
  for (const [path, text] of Object.entries(planted)) {
    mkdirSync(dirname(join(copy, path)), { recursive: true })
    writeFileSync(join(copy, path), text)
  }
  const args = [CRUISER, '--config', 'layers.config.cjs', 'lib']
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: copy }, (error, stdout, stderr) =>
      resolve({ status: error === null ? 0 : 1, output: stdout + stderr }),
    )
  })
}

beforeEach(() => {
  copy = mkdtempSync(join(tmpdir(), 'layers-'))
  cpSync(join(ROOT, 'lib/core'), join(copy, 'lib/core'), { recursive: true })
  cpSync(join(ROOT, 'layers.config.cjs'), join(copy, 'layers.config.cjs'))
  cpSync(join(ROOT, 'package.json'), join(copy, 'package.json'))
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'))
})

afterEach(() => rmSync(copy, { recursive: true, force: true }))

describe('the layers', () => {
  test('hold for the core as it is', async () => {
    expect(await lint({})).toMatchObject({ status: 0 })
  })

  test.each<[string, Readonly<Record<string, string>>, RegExp]>([
    [
      'an import that climbs',
      { 'lib/core/identity/climbs.ts': `export { run } from '../lifecycle/run.ts'\n` },
      /not-in-allowed: lib\/core\/identity\/climbs[.]ts → lib\/core\/lifecycle\/run[.]ts/,
    ],
    [
      'a type that climbs',
      { 'lib/core/identity/climbs.ts': `import type { Store } from '../record/store.ts'\nexport type S = Store\n` },
      /not-in-allowed: lib\/core\/identity\/climbs[.]ts/,
    ],
    [
      'a package that the layer does not name',
      { 'lib/core/identity/cached.ts': `export { LRUCache } from 'lru-cache'\n` },
      /not-in-allowed: lib\/core\/identity\/cached[.]ts → .*node_modules\/lru-cache/,
    ],
    [
      "a module of Node.js in the client's folder",
      { 'lib/client/reads.ts': `export { readFile } from 'node:fs/promises'\n` },
      /client-without-node: lib\/client\/reads[.]ts/,
    ],
    [
      'an unlisted file that imports',
      { 'lib/core/stray.ts': `export { millis } from './time.ts'\n` },
      /not-in-allowed: lib\/core\/stray[.]ts/,
    ],
    [
      'an unlisted file that imports nothing',
      { 'lib/stray/alone.ts': 'export const alone = 1\n' },
      /unlisted-file: lib\/stray\/alone[.]ts/,
    ],
  ])('refuse %s', async (_, planted, message) => {
    const { status, output } = await lint(planted)
    expect(output).toMatch(message)
    expect(status).toBe(1)
  })
})
