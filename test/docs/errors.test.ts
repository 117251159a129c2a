import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ERRORS } from '../../lib/core/errors.ts'
import { ROOT } from '../support/doc-blocks.ts'
import { rowsUnder } from '../support/doc-tables.ts'

const PAGE = 'docs/errors.md'
const rows = rowsUnder(PAGE, 'All codes', 'code')

/** The two codes whose status has more to it: see their sections. */
const STATUS: Readonly<Record<string, string>> = { 'payload-invalid': '500, or 400', 'event-unsupported': 'thrown' }

test('the table of docs/errors.md has each code of the layer, with its status and its advice', () => {
  expect(rows.map(({ code, status, retryable, key }) => [code, status, retryable, key]).sort()).toEqual(
    Object.entries(ERRORS)
      .sort()
      .map(([code, { status, retryable, key }]) => [
        `[\`${code}\`](#${code})`,
        STATUS[code] ?? String(status),
        retryable ? 'yes' : 'no',
        key,
      ]),
  )
})

test('each code has a section, which a problem links to by its code', () => {
  const sections = [...readFileSync(join(ROOT, PAGE), 'utf8').matchAll(/^## ([a-z-]+)$/gm)].map(([, name]) => name)
  expect(sections.sort()).toEqual(Object.keys(ERRORS).sort())
})
