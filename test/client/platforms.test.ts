import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { ROOT } from '../support/doc-blocks.ts'

const ENTRY = join(ROOT, 'lib/client/index.ts')

/** What the compiler says about a page that uses the client, with the types of browsers and no others. */
const compiled = (page: string): string => {
  const folder = mkdtempSync(join(ROOT, 'node_modules/client-'))
  try {
    writeFileSync(join(folder, 'page.ts'), `import { idempotentFetch, operationKey } from '${ENTRY}'\n${page}\n`)
    const compilerOptions = {
      target: 'es2022',
      lib: ['es2022', 'dom', 'dom.iterable'],
      types: [],
      module: 'preserve',
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
      allowImportingTsExtensions: true,
    }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['page.ts'] }))
    const compiler = join(ROOT, 'node_modules/typescript/bin/tsc')
    return execFileSync(process.execPath, [compiler, '-p', folder], { encoding: 'utf8' })
  } catch (error) {
    return String((error as { stdout?: string }).stdout)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

test('The client compiles with the types of browsers only, for all storages and bodies.', () => {
  expect(
    compiled(`
      const send = idempotentFetch({ fetch: window.fetch })
      for (const storage of [localStorage, sessionStorage, indexedDB]) await operationKey(storage, ['a', 1])
      await operationKey((name, change) => change(null), ['a'])
      const { signal } = new AbortController()
      await send(new URL('/a', location.href), { method: 'POST', body: new FormData(), signal, credentials: 'include' })
      await send('/a', { method: 'POST', body: new Uint8Array(3), key: null, keepalive: true })
      export {}
    `),
  ).toBe('')
})

test('A stream as a body is an error of the compiler.', () => {
  expect(compiled(`await idempotentFetch()('/a', { body: new ReadableStream() }); export {}`)).toContain('TS2322')
})

test('The bundle for browsers needs nothing of Node.js, and no other package.', async () => {
  const { metafile } = await build({
    entryPoints: [ENTRY],
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'browser',
    absWorkingDir: ROOT,
  })
  const files = Object.keys(metafile.inputs)
  expect(files.filter((file) => !file.startsWith('lib/client/'))).toEqual([])
})
