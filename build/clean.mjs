/**
 * Deletes the last build. A file that has moved since would still be found under its old path and hide a wrong export.
 */
import { rmSync } from 'node:fs'

rmSync(new URL('../dist/', import.meta.url), { recursive: true, force: true })
