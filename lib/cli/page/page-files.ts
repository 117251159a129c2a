import { readdirSync, readFileSync } from 'node:fs'
import { extname } from 'node:path'
import type { PageAnswer } from './page-answer.ts'

/** The files that the browser loads, by their path below the page. */
export type PageFiles = ReadonlyMap<string, PageAnswer>

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** All files of a folder. Only files that are in the map are ever sent, so no path leads out of it. */
export const readPageFiles = (folder: URL, path: string): PageFiles =>
  new Map(readdirSync(folder).map((name) => [path + name, fileAnswer(new URL(name, folder))]))

const fileAnswer = (file: URL): PageAnswer => ({
  status: 200,
  type: TYPES[extname(file.pathname)] ?? 'application/octet-stream',
  body: readFileSync(file, 'utf8'),
})

/** The folder of the modules and the stylesheet that every page uses. The URL has the same path, for imports. */
export const SHARED_PATH = 'files/lib/cli/page/browser/'

export const sharedFiles = (): PageFiles => readPageFiles(new URL('./browser/', import.meta.url), SHARED_PATH)
