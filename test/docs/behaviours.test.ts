import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const NUMBER = /\b([A-JW]\d{1,2}|O\d)\b/g

/** The numbers of the table's rows. */
const rows = [...readFileSync(join(ROOT, 'docs/behaviours.md'), 'utf8').matchAll(/^\| ([A-JOW]\d+) \|/gm)].map(
  ([, number]) => number as string,
)

const sources = (folder: string): readonly string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(join(ROOT, folder, file), 'utf8'))

/** Titles are quoted strings. Behaviours that only the compiler checks are cited in a comment. */
const TITLE = /(['"`])((?:(?!\1)[^\\\n]|\\.)*)\1/g

const numbersIn = (text: string): readonly string[] => [...text.matchAll(NUMBER)].map(([number]) => number)

const titlesOf = (text: string): readonly string[] => [...text.matchAll(TITLE)].map(([, , title]) => title as string)

const cited = new Set([
  ...['test', 'proof/simulation/invariants'].flatMap(sources).flatMap(titlesOf).flatMap(numbersIn),
  ...sources('test/types').flatMap(numbersIn),
])

test('no behaviour has more than one row', () => expect(new Set(rows).size).toBe(rows.length))

test('each number that a test cites has a row in docs/behaviours.md', () => {
  expect([...cited].filter((number) => !rows.includes(number))).toEqual([])
})

test('each row of docs/behaviours.md is cited by a test', () => {
  expect(rows.filter((number) => !cited.has(number))).toEqual([])
})
