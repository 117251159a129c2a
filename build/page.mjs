/** Copies the files that browsers load. The compiler leaves them out, because they are not TypeScript. */
import { cpSync } from 'node:fs'

const FOLDER = 'lib/cli/page/browser/'

cpSync(new URL(`../${FOLDER}`, import.meta.url), new URL(`../dist/${FOLDER}`, import.meta.url), { recursive: true })
