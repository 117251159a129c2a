import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { inspect } from 'node:util'
import { oldTable } from '../migrate/old-function.ts'
import { blocksOf, documents, ROOT } from '../support/doc-blocks.ts'
import { databaseEnvironment, freshTable } from '../support/dynamodb.ts'
import { contextWith, payment } from '../support/http-events.ts'
import { answered } from '../support/http-harness.ts'
import { type Providers, startProviders } from '../support/providers.ts'

/** Inside the project, so that packages, including `lambda-once` itself, resolve as in a user's project. */
const DIRECTORY = join(ROOT, 'test/docs/.blocks')

const examples = documents()
  .flatMap(blocksOf)
  .filter(({ language }) => language === 'ts')
  .map((block) => ({ ...block, file: join(DIRECTORY, `${block.place.replace(/\W+/g, '-')}.ts`) }))

/** The output that the block promises: the text after each arrow. */
const promised = (text: string): readonly string[] => [...text.matchAll(/\/\/ → (.*)$/gm)].map(([, line]) => line ?? '')

const printedBy = async (run: () => Promise<unknown>): Promise<readonly string[]> => {
  const lines: string[] = []
  const { log } = console
  console.log = (...given: unknown[]) =>
    lines.push(given.map((value) => (typeof value === 'string' ? value : inspect(value))).join(' '))
  try {
    await run()
    return lines
  } finally {
    console.log = log
  }
}

let providers: Providers

beforeAll(async () => {
  providers = await startProviders()
  rmSync(DIRECTORY, { recursive: true, force: true })
  mkdirSync(DIRECTORY, { recursive: true })
  for (const { file, text } of examples) writeFileSync(file, text)
  Object.assign(process.env, {
    IDEMPOTENCY_TABLE: await freshTable(),
    ORDERS_TABLE: await freshTable(),
    POWERTOOLS_TABLE: await oldTable(),
    ...databaseEnvironment(),
  })
})

afterAll(() => {
  providers.close()
  rmSync(DIRECTORY, { recursive: true, force: true })
})

test('every example in the docs compiles', () => {
  const config = {
    extends: '../../../tsconfig.json',
    compilerOptions: {
      rootDir: ROOT,
      isolatedDeclarations: false,
      declaration: false,
      paths: { 'lambda-once': [join(ROOT, 'lib/index.ts')], 'lambda-once/*': [join(ROOT, 'lib/*/index.ts')] },
    },
    include: ['*.ts'],
  }
  writeFileSync(join(DIRECTORY, 'tsconfig.json'), JSON.stringify(config))
  const compile = (): string =>
    execFileSync(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', DIRECTORY], {
      encoding: 'utf8',
    })
  try {
    expect(compile()).toBe('')
  } catch (error) {
    throw new Error((error as { stdout?: string }).stdout ?? String(error))
  }
}, 60_000)

test.each(examples)('the example at $place runs and prints what it promises', async ({ file, text, place }) => {
  let module: { handler?: (event: unknown, context: unknown) => Promise<unknown> } = {}
  const printed = await printedBy(async () => {
    module = await import(pathToFileURL(file).href)
  })
  expect(printed).toEqual(promised(text))
  if (module.handler === undefined || !/lambda-once\/(http|write)/.test(text)) return
  const send = async () => answered(await module.handler?.(payment(place.replace(/\W/g, '-')), contextWith()))
  const first = await send()
  const second = await send()
  expect(first.headers['idempotency-status']).toBe('created')
  expect(second.headers['idempotency-status']).toBe('replayed')
  expect(second.body).toBe(first.body)
})

/** The anchors of the headings, as GitHub names them. */
const anchorsOf = (path: string): ReadonlySet<string> =>
  new Set(
    [...readFileSync(path, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replace(/[^\w -]/g, '')
        .replaceAll(' ', '-'),
    ),
  )

const PAGES = [...documents(), 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md']

test.each(PAGES)('every link in %s has a target', (document) => {
  const source = readFileSync(join(ROOT, document), 'utf8')
  const missing = [...source.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)]
    .filter(([, target, anchor]) => {
      const path = target ? join(ROOT, dirname(document), target) : join(ROOT, document)
      return !existsSync(path) || (anchor !== undefined && !anchorsOf(path).has(anchor))
    })
    .map(([link]) => link)
  expect(missing).toEqual([])
})
