/**
 * Rewrites `.ts` to `.js` in the imports of the declarations. The compiler does this in the code only. TypeScript
 * before 5.0 does not resolve a `.ts` import: every type behind it becomes `any`, and `skipLibCheck` hides the error.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

const FOLDER = new URL('../dist/lib/', import.meta.url)
const IMPORT_OF_SOURCE = /\b(from |import\()(['"])(\.{1,2}\/[^'"]+)\.ts\2/g

for (const name of readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })) {
  if (!name.endsWith('.d.ts')) continue
  const file = new URL(name.replaceAll('\\', '/'), FOLDER)
  writeFileSync(file, readFileSync(file, 'utf8').replace(IMPORT_OF_SOURCE, '$1$2$3.js$2'))
}
