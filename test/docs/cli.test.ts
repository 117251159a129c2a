import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CHECKS } from '../../lib/cli/doctor/checks.ts'
import { idempotent } from '../../lib/http/index.ts'
import { once, TerminalError } from '../../lib/index.ts'
import { command } from '../cli/command.ts'
import { ROOT } from '../support/doc-blocks.ts'
import { databaseEndpoint } from '../support/dynamodb.ts'
import { contextWith, payment } from '../support/http-events.ts'
import { ending, openScene, PATIENT, recordKeyOf, type Scene } from '../support/scene.ts'

const pageOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

test('docs/cli.md has the help of every command', async () => {
  const page = pageOf('docs/cli.md')
  const sections = [...page.matchAll(/^## lambda-once ?([^\n]*)\n\n```text\n(.*?)\n```$/gms)]
  expect(sections.length).toBeGreaterThan(10)
  for (const [, name = '', text] of sections) {
    const { out } = await command([...name.split(' ').filter(Boolean), '--help'])
    expect([name, text]).toEqual([name, out.trim()])
  }
  const { out } = await command(['--help'])
  const listed = [...out.matchAll(/^ {2}([a-z]+)(?: \[options\])? {2,}\w/gm)].map(([, name]) => name)
  const documented = new Set(sections.map(([, name = '']) => name.split(' ')[0]))
  expect(listed.length).toBeGreaterThan(7)
  expect(listed.filter((name) => !documented.has(name ?? ''))).toEqual([])
})

test('docs/operating.md has the findings of doctor', () => {
  const page = pageOf('docs/operating.md')
  for (const { id, meaning, remedy } of CHECKS) expect(page).toContain(`| \`${id}\` | ${meaning} | ${remedy} |`)
})

/** The command lines of the runbooks, in their order. */
const lines = [...pageOf('docs/operating.md').matchAll(/^ *```sh\n(.*?)^ *```$/gms)]
  .flatMap(([, text = '']) => text.split('\n'))
  .map((line) => line.trim())
  .filter((line) => line !== '')

const wordsOf = (line: string): readonly string[] =>
  [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')

let scene: Scene
let folder: string

beforeAll(async () => {
  scene = await openScene(PATIENT)
  folder = mkdtempSync(join(tmpdir(), 'lambda-once-runbooks-'))
  writeFileSync(join(folder, 'answer.json'), JSON.stringify({ statusCode: 201, body: '{"charge":"ch_42"}' }))
  writeFileSync(join(folder, 'event.json'), JSON.stringify(payment('override-1', { amount: 2 })))
  const { runtime } = scene.host('http')
  const options = { store: scene.store, operation: 'payments', tenant: () => 'acme', runtime }
  const pay = (key: string, run: () => object | Promise<never>) =>
    ending(idempotent(run, { ...options, abandoned: 'hold' })(payment(key, { amount: 1 }), contextWith()))
  for (const key of ['order-1', 'unstored-1', 'unknown-1']) await pay(key, () => Promise.reject(new Error('lost')))
  for (const key of ['lost-1', 'override-1']) await pay(key, () => ({ statusCode: 201 }))
  const orders = once({ store: scene.store, operation: 'orders', runtime })
  const request = { key: 'poison-1', tenant: 'acme', payload: 1, context: contextWith() }
  await ending(orders(request, () => Promise.reject(new TerminalError('poison'))))
})

afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await scene.close()
})

test('docs/operating.md: every command of the runbooks runs on a local table', async () => {
  await scene.host('owner').once({ key: 'x', tenant: 'acme', payload: 1, context: contextWith() }, () => 1)
  expect(lines.length).toBeGreaterThan(12)
  for (const line of lines) {
    const [npx, program, ...words] = wordsOf(line)
    expect([npx, program]).toEqual(['npx', 'lambda-once'])
    const argv = words.map((word) =>
      word === 'payments#…'
        ? recordKeyOf({ key: 'x', tenant: 'acme', payload: 1 })
        : word.endsWith('.json')
          ? join(folder, word)
          : word,
    )
    const by = argv.includes('approve') ? 'bob' : 'alice'
    const place = ['--table', scene.tableName, '--endpoint', databaseEndpoint()]
    const ran = await command([...argv, ...place, ...(argv.includes('--reason') ? ['--by', by] : [])], {
      answer: 'y',
      now: argv[0] === 'doctor' ? Date.now : scene.clock.now,
    })
    expect([line, ran.status]).toEqual([line, 0])
  }
})
