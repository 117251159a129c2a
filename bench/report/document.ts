import { readFileSync, writeFileSync } from 'node:fs'

const DOCUMENT = new URL('../../docs/performance.md', import.meta.url)

/** Replaces the text between the marks `<!-- name -->` and `<!-- end name -->` of `docs/performance.md`. */
export const writeSection = (name: string, text: string): void => {
  const before = readFileSync(DOCUMENT, 'utf8')
  const section = new RegExp(`(?<=<!-- ${name} -->\\n).*?(?=<!-- end ${name} -->)`, 's')
  if (!section.test(before)) throw new Error(`docs/performance.md has no marks for "${name}"`)
  writeFileSync(
    DOCUMENT,
    before.replace(section, () => `\n${text}\n\n`),
  )
}
